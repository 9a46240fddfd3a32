DELETE FROM "Campus"."user progress" WHERE "learner" = ($1::text)::uuid AND "tenant_id" = ($2::text)::integer
