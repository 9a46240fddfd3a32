-- Sidecars draw by themselves and never call this: it is for whoever joins what is in
-- the database with the arm of its learner.

-- The name is looked up in pg_catalog alone, so that no function of another schema
-- takes the place of one that is called here.
CREATE OR REPLACE FUNCTION progress_sync.variant_of(user_id text, seed text, weights integer[], names text[])
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    arms   integer := cardinality(weights);
    total  bigint := 0;
    digest bytea;
    drawn  bigint;
BEGIN
    IF user_id IS NULL THEN
        RETURN NULL;
    END IF;
    IF seed IS NULL OR weights IS NULL OR names IS NULL THEN
        RAISE EXCEPTION 'progress_sync.variant_of has no seed, weights or names'
            USING ERRCODE = 'null_value_not_allowed', HINT = 'Pass those of variants in the policy.';
    END IF;
    IF arms = 0 OR cardinality(names) <> arms OR array_ndims(weights) <> 1 OR array_ndims(names) <> 1 THEN
        RAISE EXCEPTION 'progress_sync.variant_of has % weights and % names', arms, cardinality(names)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Pass one weight and one name for each arm, in the order of the policy.';
    END IF;
    FOR i IN array_lower(weights, 1) .. array_upper(weights, 1) LOOP
        IF weights[i] IS NULL OR weights[i] < 0 THEN
            RAISE EXCEPTION 'progress_sync.variant_of has an arm whose weight is null or below 0'
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Pass the weights of the policy: whole numbers from 1 to 1000.';
        END IF;
        total := total + weights[i];
    END LOOP;
    IF total = 0 OR total > 2147483648 THEN
        RAISE EXCEPTION 'the weights of progress_sync.variant_of add up to %', total
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Pass the weights of the policy: whole numbers from 1 to 1000.';
    END IF;
    -- The first 32 bits of SHA-256 over the seed, a zero byte and the id, as a share of the sum.
    digest := sha256(convert_to(seed, 'UTF8') || decode('00', 'hex') || convert_to(user_id, 'UTF8'));
    drawn := (get_byte(digest, 0)::bigint << 24) | (get_byte(digest, 1)::bigint << 16) | (get_byte(digest, 2)::bigint << 8) | get_byte(digest, 3)::bigint;
    drawn := (drawn * total) >> 32;
    FOR i IN 0 .. arms - 1 LOOP
        IF drawn < weights[array_lower(weights, 1) + i] THEN
            RETURN names[array_lower(names, 1) + i];
        END IF;
        drawn := drawn - weights[array_lower(weights, 1) + i];
    END LOOP;
    RETURN names[array_upper(names, 1)];
END
$$;

COMMENT ON FUNCTION progress_sync.variant_of(text, text, integer[], text[]) IS 'Arm of a learner among the variants of a policy: the one that sync.variant of the sidecar names. Null without a learner.';

INSERT INTO progress_sync.schema_migrations (version, name, oldest_program)
VALUES (5, 'variants', 3)
ON CONFLICT (version) DO NOTHING;
