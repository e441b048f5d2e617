/* Tests of schemas: each rule refuses what breaks it, records come back, the presets are part of the format. */
#include "scratch.h"
#include "store/schema_record.h"

#include <math.h>
#include <stdlib.h>

/* ---- the rules, one by one --------------------------------------------------------------------------------------- */

static epi_role text_role(const char *name) {
    return (epi_role){.name = name, .type = EPI_TEXT};
}

static epi_role vector_role(uint32_t size) {
    return (epi_role){
        .name = "v", .type = EPI_TENSOR, .flags = EPI_ROLE_VECTOR, .dtype = EPI_F32, .rank = 1, .shape = {size}};
}

static epi_status check_role(epi_role role) {
    epi_schema schema = epi_schema_default();
    schema.roles = &role;
    schema.role_count = 1;
    if (role.flags & EPI_ROLE_VECTOR) schema.encoder = EPI_ENCODER_GIVEN;
    return epi__schema_check(&schema);
}

static epi_status check_schema(epi_schema schema, epi_role role) {
    schema.roles = &role;
    schema.role_count = 1;
    return epi__schema_check(&schema);
}

static void a_role_has_a_name(void **state) {
    (void)state;
    char name[257];
    memset(name, 'r', sizeof name);
    name[256] = 0;
    assert_failure(EPI_ELIMIT, check_role(text_role(name)), "256 bytes");
    name[255] = 0;
    assert_status(EPI_OK, check_role(text_role(name)));
    assert_failure(EPI_EINVAL, check_role(text_role("")), "empty");
    assert_failure(EPI_EINVAL, check_role(text_role(NULL)), "empty");
    assert_status(EPI_EUTF8, check_role(text_role("\xFF")));
}

static void role_names_differ(void **state) {
    (void)state;
    epi_role roles[] = {text_role("a"), text_role("b"), text_role("a")};
    epi_schema schema = epi_schema_default();
    schema.roles = roles;
    schema.role_count = 3;
    assert_failure(EPI_EINVAL, epi__schema_check(&schema), "\"a\" stands twice");
    roles[2].name = "A";
    assert_status(EPI_OK, epi__schema_check(&schema));
}

static void there_are_one_to_64_roles(void **state) {
    (void)state;
    epi_role roles[EPI_PART_COUNT_MAX + 1];
    char names[EPI_PART_COUNT_MAX + 1][4];
    for (unsigned i = 0; i <= EPI_PART_COUNT_MAX; i++) {
        names[i][0] = (char)('a' + i / 10), names[i][1] = (char)('a' + i % 10), names[i][2] = 0;
        roles[i] = text_role(names[i]);
    }
    epi_schema schema = epi_schema_default();
    assert_failure(EPI_EINVAL, epi__schema_check(&schema), "no roles");
    schema.roles = roles;
    assert_failure(EPI_EINVAL, epi__schema_check(&schema), "no roles");
    schema.role_count = EPI_PART_COUNT_MAX;
    assert_status(EPI_OK, epi__schema_check(&schema));
    schema.role_count++;
    assert_failure(EPI_ELIMIT, epi__schema_check(&schema), "65 roles, limit 64");
}

static void types_flags_and_weights_are_known_ones(void **state) {
    (void)state;
    epi_role role = text_role("a");
    role.type = 0;
    assert_failure(EPI_EINVAL, check_role(role), "type 0");
    role.type = 5;
    assert_failure(EPI_EINVAL, check_role(role), "type 5");
    role = text_role("a");
    role.flags = 16;
    assert_failure(EPI_EINVAL, check_role(role), "unknown bits");
    role = text_role("a");
    static const float refused[] = {0.24f, 16.1f, -1.0f, NAN, INFINITY}, taken[] = {0.0f, 0.25f, 1.0f, 16.0f};
    for (size_t i = 0; i < EPI__COUNT(refused); i++) {
        role.weight = refused[i];
        assert_failure(EPI_EINVAL, check_role(role), "weight");
    }
    for (size_t i = 0; i < EPI__COUNT(taken); i++) {
        role.weight = taken[i];
        assert_status(EPI_OK, check_role(role));
    }
}

static void only_words_are_searched(void **state) {
    (void)state;
    static const struct {
        epi_role_type type;
        unsigned flags;
        epi_status status;
    } cases[] = {
        {EPI_TEXT, EPI_ROLE_SEARCH, EPI_OK},      {EPI_TEXT, EPI_ROLE_KEYWORD, EPI_OK},
        {EPI_TEXT, EPI_ROLE_VECTOR, EPI_EINVAL},  {EPI_JSON, EPI_ROLE_SEARCH, EPI_OK},
        {EPI_JSON, EPI_ROLE_KEYWORD, EPI_EINVAL}, {EPI_JSON, EPI_ROLE_SEARCH | EPI_ROLE_KEYWORD, EPI_EINVAL},
        {EPI_BLOB, EPI_ROLE_SEARCH, EPI_EINVAL},  {EPI_BLOB, EPI_ROLE_REQUIRED, EPI_OK},
    };
    for (size_t i = 0; i < EPI__COUNT(cases); i++) {
        epi_role role = text_role("a");
        role.type = cases[i].type;
        role.flags = cases[i].flags;
        assert_status(cases[i].status, check_role(role));
    }
}

static void a_tensor_has_a_dtype_and_a_bounded_shape(void **state) {
    (void)state;
    epi_role role = {.name = "t", .type = EPI_TENSOR};
    assert_failure(EPI_EINVAL, check_role(role), "no dtype");
    role.dtype = 12;
    assert_failure(EPI_EINVAL, check_role(role), "no dtype");
    role.dtype = EPI_U8;
    assert_status(EPI_OK, check_role(role)); /* a scalar */
    role.rank = 1;
    assert_failure(EPI_EINVAL, check_role(role), "empty axis");
    role.shape[0] = EPI_TENSOR_SIZE_MAX;
    assert_status(EPI_OK, check_role(role));
    role.shape[0]++;
    assert_failure(EPI_ELIMIT, check_role(role), "tensor of over");
    role.rank = 8;
    for (int i = 0; i < 8; i++) role.shape[i] = UINT32_MAX;
    assert_failure(EPI_ELIMIT, check_role(role), "tensor of over");
    role.rank = 9;
    assert_failure(EPI_ELIMIT, check_role(role), "9 axes");
}

static void the_vector_is_one_float32_tensor(void **state) {
    (void)state;
    epi_role role = vector_role(4);
    assert_status(EPI_OK, check_role(role));
    role.dtype = EPI_F64;
    assert_failure(EPI_EINVAL, check_role(role), "no float32 tensor");
    epi_role both[] = {vector_role(4), vector_role(4)};
    both[1].name = "w";
    epi_schema schema = epi_schema_default();
    schema.encoder = EPI_ENCODER_GIVEN;
    schema.roles = both;
    schema.role_count = 2;
    assert_failure(EPI_EINVAL, epi__schema_check(&schema), "both are the vector");
}

static void a_vector_role_is_the_vector_or_stands_beside_the_encoder_s(void **state) {
    (void)state;
    epi_schema schema = epi_schema_default();
    assert_status(EPI_OK, check_schema(schema, vector_role(4)));
    schema.dimension = 64; /* of the encoder */
    assert_status(EPI_OK, check_schema(schema, vector_role(4)));
    schema.dimension = 0;
    schema.encoder = EPI_ENCODER_NONE;
    assert_failure(EPI_EINVAL, check_schema(schema, vector_role(4)), "may not be NONE");
    schema.encoder = EPI_ENCODER_GIVEN;
    assert_status(EPI_OK, check_schema(schema, vector_role(4)));
}

static void dimensions_are_bounded_and_agree(void **state) {
    (void)state;
    epi_schema schema = epi_schema_default();
    schema.dimension = EPI_HASH_DIMENSION_MIN - 1;
    assert_failure(EPI_ELIMIT, check_schema(schema, text_role("a")), "at least 16");
    schema.dimension = EPI_HASH_DIMENSION_MIN;
    assert_status(EPI_OK, check_schema(schema, text_role("a")));
    schema.dimension = EPI_DIMENSION_MAX;
    assert_status(EPI_OK, check_schema(schema, text_role("a")));
    schema.dimension++;
    assert_failure(EPI_ELIMIT, check_schema(schema, text_role("a")), "16385, limit 16384");
    schema = epi_schema_default();
    schema.encoder = EPI_ENCODER_GIVEN;
    assert_failure(EPI_EINVAL, check_schema(schema, text_role("a")), "neither a dimension");
    schema.dimension = 1;
    assert_status(EPI_OK, check_schema(schema, text_role("a")));
    assert_failure(EPI_EDIMENSION, check_schema(schema, vector_role(4)), "differs from role");
    schema.dimension = 4;
    assert_status(EPI_OK, check_schema(schema, vector_role(4)));
    schema.dimension = 0;
    assert_failure(EPI_ELIMIT, check_schema(schema, vector_role(EPI_DIMENSION_MAX + 1)), "limit 16384");
}

static void versions_encoders_metrics_and_languages_are_known_ones(void **state) {
    (void)state;
    epi_schema schema = epi_schema_default();
    schema.version = 2;
    assert_failure(EPI_EINVAL, check_schema(schema, text_role("a")), "version 2");
    schema = epi_schema_default();
    schema.encoder = 3;
    assert_failure(EPI_EINVAL, check_schema(schema, text_role("a")), "encoder 3");
    schema = epi_schema_default();
    schema.metric = 0;
    assert_failure(EPI_EINVAL, check_schema(schema, text_role("a")), "metric 0");
    schema = epi_schema_default();
    schema.language = "klingon";
    assert_failure(EPI_EUNSUPPORTED, check_schema(schema, text_role("a")), "klingon");
    schema.language = "none";
    assert_status(EPI_OK, check_schema(schema, text_role("a")));
    schema.preset = "";
    assert_failure(EPI_EINVAL, check_schema(schema, text_role("a")), "preset");
}

static void every_dtype_has_its_size(void **state) {
    (void)state;
    static const uint32_t sizes[] = {0, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1};
    for (unsigned i = 0; i < EPI__COUNT(sizes); i++) assert_int_equal(epi__dtype_size((epi_dtype)i), sizes[i]);
    assert_int_equal(epi__dtype_size((epi_dtype)12), 0);
    assert_int_equal(epi__dtype_size((epi_dtype)-1), 0);
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static uint64_t record_hash(const epi_schema *schema) {
    epi__buffer out = {0};
    epi__schema_encode(&out, schema);
    assert_false(out.failed);
    uint64_t hash = epi__hash64(out.data, out.size);
    epi__buffer_dispose(&out);
    return hash;
}

/* A preset is stored with each space made from it; another value here means that old spaces open with EPI_ESCHEMA. */
static void the_presets_are_pinned(void **state) {
    (void)state;
    epi_schema transitions;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    assert_status(EPI_OK, epi_schema_transitions(&transitions, roles, 4, EPI_F32, 2));
    assert_int_equal(record_hash(epi_schema_conversation()), 0x52cb1353de7c55ca);
    assert_int_equal(record_hash(epi_schema_trajectory()), 0x1b45ed5bc693058c);
    assert_int_equal(record_hash(&transitions), 0xf2ea4eff85522ea0);
}

static void transitions_check_what_they_are_given(void **state) {
    (void)state;
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    assert_status(EPI_EINVAL, epi_schema_transitions(NULL, roles, 4, EPI_F32, 2));
    assert_status(EPI_EINVAL, epi_schema_transitions(&schema, NULL, 4, EPI_F32, 2));
    assert_status(EPI_EINVAL, epi_schema_transitions(&schema, roles, 0, EPI_F32, 2));
    assert_status(EPI_EINVAL, epi_schema_transitions(&schema, roles, 4, EPI_DTYPE_NONE, 2));
    assert_status(EPI_ELIMIT, epi_schema_transitions(&schema, roles, EPI_DIMENSION_MAX + 1, EPI_F32, 2));
    assert_status(EPI_OK, epi_schema_transitions(&schema, roles, EPI_DIMENSION_MAX, EPI_I32, 0));
    assert_int_equal(epi__schema_tensor_size(&roles[1]), 4);
}

static void a_copy_has_every_default_filled_in_and_borrows_nothing(void **state) {
    (void)state;
    char name[] = "text";
    epi_role role = {.name = name, .type = EPI_TEXT, .flags = EPI_ROLE_SEARCH};
    epi_schema schema = {.version = 1, .roles = &role, .role_count = 1, .encoder = EPI_ENCODER_HASH,
                         .metric = EPI_COSINE};
    epi__schema_copy *copy = NULL;
    assert_status(EPI_OK, epi__schema_copy_of(&copy, &schema));
    memset(name, 'x', 4);
    memset(&role, 0, sizeof role);
    assert_string_equal(copy->schema.roles[0].name, "text");
    assert_string_equal(copy->schema.preset, "custom");
    assert_string_equal(copy->schema.language, "english");
    assert_int_equal(copy->schema.dimension, EPI_HASH_DIMENSION_DEFAULT);
    assert_true(copy->schema.roles[0].weight == 1.0f);
    assert_int_equal(epi__schema_role(&copy->schema, "text", 4), 0);
    assert_int_equal(epi__schema_role(&copy->schema, "tex", 3), -1);
    epi__schema_copy_free(copy);
}

static void a_given_dimension_follows_from_the_vector_role(void **state) {
    (void)state;
    epi_role role = vector_role(7);
    epi_schema schema = epi_schema_default();
    schema.encoder = EPI_ENCODER_GIVEN;
    schema.roles = &role;
    schema.role_count = 1;
    epi__schema_copy *copy = NULL;
    assert_status(EPI_OK, epi__schema_copy_of(&copy, &schema));
    assert_int_equal(copy->schema.dimension, 7);
    epi_schema said = schema;
    said.dimension = 7;
    assert_status(EPI_OK, epi__schema_same(&copy->schema, &said, "main"));
    assert_status(EPI_OK, epi__schema_same(&copy->schema, &schema, "main"));
    epi__schema_copy_free(copy);
}

static void schemas_differ_by_every_part_of_them(void **state) {
    (void)state;
    epi_role role = {.name = "t", .type = EPI_TENSOR, .dtype = EPI_F32, .rank = 2, .shape = {2, 3}};
    epi_schema base = epi_schema_default();
    base.roles = &role;
    base.role_count = 1;
    epi__schema_copy *stored = NULL;
    assert_status(EPI_OK, epi__schema_copy_of(&stored, &base));
    for (int what = 0; what < 10; what++) {
        epi_role other_role = role;
        epi_schema other = base;
        other.roles = &other_role;
        switch (what) {
        case 0: other.preset = "events"; break;
        case 1: other.language = "none"; break;
        case 2: other.encoder = EPI_ENCODER_NONE; break;
        case 3: other.metric = EPI_L2; break;
        case 4: other.dimension = 64; break;
        case 5: other_role.name = "u"; break;
        case 6: other_role.flags = EPI_ROLE_REQUIRED; break;
        case 7: other_role.weight = 2.0f; break;
        case 8: other_role.dtype = EPI_U32; break;
        default: other_role.shape[0] = 3, other_role.shape[1] = 2; break;
        }
        assert_failure(EPI_ESCHEMA, epi__schema_same(&stored->schema, &other, "main"), "another schema");
    }
    epi__schema_copy_free(stored);
}

static void a_schema_record_that_is_cut_or_random_is_refused(void **state) {
    (void)state;
    epi__buffer out = {0};
    epi__random random = epi__random_seed(5);
    epi_schema transitions;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    assert_status(EPI_OK, epi_schema_transitions(&transitions, roles, 4, EPI_F32, 2));
    epi__schema_encode(&out, &transitions);
    for (size_t size = 0; size < out.size; size++) {
        epi__schema_copy *copy = NULL;
        uint8_t *cut = malloc(size + 1);
        memcpy(cut, out.data, size);
        assert_status(EPI_EDAMAGED, epi__schema_decode(&copy, (epi__view){cut, size}));
        assert_null(copy);
        free(cut);
    }
    for (int i = 0; i < 5000; i++) {
        epi__schema_copy *copy = NULL;
        uint8_t *changed = malloc(out.size);
        memcpy(changed, out.data, out.size);
        for (int c = 0; c < 3; c++) changed[epi__random_below(&random, out.size)] = (uint8_t)epi__random_next(&random);
        (void)epi__schema_decode(&copy, (epi__view){changed, out.size});
        epi__schema_copy_free(copy);
        free(changed);
    }
    epi__buffer_dispose(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_has_a_name),
        cmocka_unit_test(role_names_differ),
        cmocka_unit_test(there_are_one_to_64_roles),
        cmocka_unit_test(types_flags_and_weights_are_known_ones),
        cmocka_unit_test(only_words_are_searched),
        cmocka_unit_test(a_tensor_has_a_dtype_and_a_bounded_shape),
        cmocka_unit_test(the_vector_is_one_float32_tensor),
        cmocka_unit_test(a_vector_role_is_the_vector_or_stands_beside_the_encoder_s),
        cmocka_unit_test(dimensions_are_bounded_and_agree),
        cmocka_unit_test(versions_encoders_metrics_and_languages_are_known_ones),
        cmocka_unit_test(every_dtype_has_its_size),
        cmocka_unit_test(the_presets_are_pinned),
        cmocka_unit_test(transitions_check_what_they_are_given),
        cmocka_unit_test(a_copy_has_every_default_filled_in_and_borrows_nothing),
        cmocka_unit_test(a_given_dimension_follows_from_the_vector_role),
        cmocka_unit_test(schemas_differ_by_every_part_of_them),
        cmocka_unit_test(a_schema_record_that_is_cut_or_random_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
