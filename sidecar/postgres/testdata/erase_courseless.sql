DELETE FROM "public"."completion" WHERE "user_id" = ($1::text)::integer
