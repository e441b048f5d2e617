/* schema.c - checking, copying, storing and comparing schemas, and the presets.
 *
 * A stored schema has every default filled in. Two schemas are the same when their records are, byte for byte.
 */
#include <math.h>

#include "../text/text.h"
#include "schema_record.h"

/* ---- presets ---------------------------------------------------------------------------------------------------- */

static const epi_role CONVERSATION[] = {
    {"speaker", EPI_TEXT, EPI_ROLE_KEYWORD, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"text", EPI_TEXT, EPI_ROLE_SEARCH | EPI_ROLE_REQUIRED, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"caption", EPI_TEXT, EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"attachment", EPI_BLOB, 0, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"session", EPI_TEXT, EPI_ROLE_KEYWORD, 1.0f, EPI_DTYPE_NONE, 0, {0}},
};

static const epi_role TRAJECTORY[] = {
    {"task", EPI_TEXT, EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"situation", EPI_TEXT, EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"tool", EPI_TEXT, EPI_ROLE_KEYWORD | EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"arguments", EPI_JSON, EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"result", EPI_TEXT, EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"error", EPI_TEXT, EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"cost", EPI_TENSOR, 0, 1.0f, EPI_F64, 0, {0}},
};

static const epi_role EVENTS[] = {
    {"who", EPI_TEXT, EPI_ROLE_KEYWORD | EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"where", EPI_TEXT, EPI_ROLE_KEYWORD | EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"when", EPI_TEXT, EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"what", EPI_TEXT, EPI_ROLE_KEYWORD | EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"action", EPI_TEXT, EPI_ROLE_KEYWORD | EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"outcome", EPI_TEXT, EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    {"text", EPI_TEXT, EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}},
};

const epi_schema *epi_schema_conversation(void) {
    static const epi_schema schema = {1, "conversation", CONVERSATION, EPI__COUNT(CONVERSATION), EPI_ENCODER_HASH,
                                      0, EPI_COSINE,     NULL};
    return &schema;
}

const epi_schema *epi_schema_trajectory(void) {
    static const epi_schema schema = {1, "trajectory", TRAJECTORY, EPI__COUNT(TRAJECTORY), EPI_ENCODER_HASH,
                                      0, EPI_COSINE,   NULL};
    return &schema;
}

const epi_schema *epi_schema_events(void) {
    static const epi_schema schema = {1, "events", EVENTS, EPI__COUNT(EVENTS), EPI_ENCODER_HASH, 0, EPI_COSINE, NULL};
    return &schema;
}

epi_status epi_schema_transitions(epi_schema *schema, epi_role *roles, uint32_t observation_size,
                                  epi_dtype action_dtype, uint32_t action_size) {
    if (!schema || !roles) return epi__fail(EPI_EINVAL, "store", "schema or roles was NULL");
    epi_role made[EPI_TRANSITION_ROLE_COUNT] = {
        {"observation", EPI_TENSOR, EPI_ROLE_REQUIRED, 1.0f, EPI_F32, 1, {observation_size}},
        {"action", EPI_TENSOR, 0, 1.0f, action_dtype, action_size ? 1u : 0u, {action_size}},
        {"reward", EPI_TENSOR, 0, 1.0f, EPI_F32, 0, {0}},
        {"terminated", EPI_TENSOR, 0, 1.0f, EPI_BOOL, 0, {0}},
        {"truncated", EPI_TENSOR, 0, 1.0f, EPI_BOOL, 0, {0}},
    };
    memcpy(roles, made, sizeof made);
    *schema = epi_schema_default();
    schema->preset = "transitions";
    schema->roles = roles;
    schema->role_count = EPI_TRANSITION_ROLE_COUNT;
    schema->encoder = EPI_ENCODER_NONE;
    if (observation_size > EPI_DIMENSION_MAX)
        return epi__fail(EPI_ELIMIT, "store", "an observation of %u elements, limit %u", observation_size,
                         EPI_DIMENSION_MAX);
    return epi__schema_check(schema);
}

/* ---- roles ------------------------------------------------------------------------------------------------------ */

uint32_t epi__dtype_size(epi_dtype dtype) {
    static const uint8_t sizes[] = {0, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1};
    return (unsigned)dtype < sizeof sizes ? sizes[dtype] : 0;
}

uint64_t epi__schema_tensor_size(const epi_role *role) {
    uint64_t size = epi__dtype_size(role->dtype);
    for (uint32_t i = 0; i < role->rank && size <= EPI_TENSOR_SIZE_MAX; i++) size *= role->shape[i];
    return size;
}

int epi__schema_role(const epi_schema *schema, const char *name, size_t name_size) {
    for (size_t i = 0; i < schema->role_count; i++)
        if (strlen(schema->roles[i].name) == name_size && memcmp(schema->roles[i].name, name, name_size) == 0)
            return (int)i;
    return -1;
}

static const epi_role *vector_role(const epi_schema *schema) {
    for (size_t i = 0; i < schema->role_count; i++)
        if (schema->roles[i].flags & EPI_ROLE_VECTOR) return &schema->roles[i];
    return NULL;
}

epi_status epi__schema_text_check(const char *what, const char *text) {
    size_t size = text ? strlen(text) : 0;
    if (size == 0) return epi__fail(EPI_EINVAL, "store", "%s is empty", what);
    if (size > EPI_NAME_SIZE_MAX)
        return epi__fail(EPI_ELIMIT, "store", "%s has %zu bytes, limit %u", what, size, EPI_NAME_SIZE_MAX);
    return epi__utf8_check("store", what, text, size);
}

/* ---- checking --------------------------------------------------------------------------------------------------- */

static epi_status check_tensor(const epi_role *role) {
    if (epi__dtype_size(role->dtype) == 0)
        return epi__fail(EPI_EINVAL, "store", "role \"%s\" is a tensor of no dtype", role->name);
    if (role->rank > EPI_RANK_MAX)
        return epi__fail(EPI_ELIMIT, "store", "role \"%s\" has %u axes, limit %u", role->name, role->rank,
                         EPI_RANK_MAX);
    uint64_t size = epi__schema_tensor_size(role);
    if (size == 0) return epi__fail(EPI_EINVAL, "store", "role \"%s\" has an empty axis", role->name);
    if (size > EPI_TENSOR_SIZE_MAX)
        return epi__fail(EPI_ELIMIT, "store", "role \"%s\" is a tensor of over %u bytes", role->name,
                         EPI_TENSOR_SIZE_MAX);
    return EPI_OK;
}

static epi_status check_flags(const epi_role *role) {
    unsigned text = EPI_ROLE_SEARCH | EPI_ROLE_KEYWORD, known = text | EPI_ROLE_VECTOR | EPI_ROLE_REQUIRED;
    if (role->flags & ~known)
        return epi__fail(EPI_EINVAL, "store", "role \"%s\" has flags 0x%x, which has unknown bits", role->name,
                         role->flags);
    if ((role->flags & text) && role->type != EPI_TEXT &&
        !(role->type == EPI_JSON && !(role->flags & EPI_ROLE_KEYWORD)))
        return epi__fail(EPI_EINVAL, "store", "role \"%s\" is not text, so it cannot be searched", role->name);
    if ((role->flags & EPI_ROLE_VECTOR) && (role->type != EPI_TENSOR || role->dtype != EPI_F32))
        return epi__fail(EPI_EINVAL, "store", "role \"%s\" is the vector but no float32 tensor", role->name);
    if (!isfinite(role->weight) || (role->weight != 0.0f && (role->weight < 0.25f || role->weight > 16.0f)))
        return epi__fail(EPI_EINVAL, "store", "role \"%s\" has weight %g, limits 0.25 to 16", role->name,
                         (double)role->weight);
    return EPI_OK;
}

static epi_status check_role(const epi_schema *schema, size_t at) {
    const epi_role *role = &schema->roles[at];
    EPI__TRY(epi__schema_text_check("role name", role->name));
    if (epi__schema_role(schema, role->name, strlen(role->name)) != (int)at)
        return epi__fail(EPI_EINVAL, "store", "role \"%s\" stands twice in the schema", role->name);
    if (role->type < EPI_TEXT || role->type > EPI_TENSOR)
        return epi__fail(EPI_EINVAL, "store", "role \"%s\" has type %d, which is unknown", role->name, (int)role->type);
    if (role->type == EPI_TENSOR) EPI__TRY(check_tensor(role));
    return check_flags(role);
}

static epi_status check_encoder(const epi_schema *schema) {
    const epi_role *role = vector_role(schema);
    uint64_t elements = role ? epi__schema_tensor_size(role) / sizeof(float) : 0;
    if ((unsigned)schema->encoder > EPI_ENCODER_GIVEN)
        return epi__fail(EPI_EINVAL, "store", "encoder %d is unknown", (int)schema->encoder);
    if (role && schema->encoder == EPI_ENCODER_NONE)
        return epi__fail(EPI_EINVAL, "store", "role \"%s\" is a vector, so the encoder may not be NONE", role->name);
    if (schema->encoder == EPI_ENCODER_NONE) return EPI_OK;
    if (schema->encoder == EPI_ENCODER_GIVEN && schema->dimension == 0 && elements == 0)
        return epi__fail(EPI_EINVAL, "store", "the schema has neither a dimension nor a vector role");
    bool is_key = role && schema->encoder == EPI_ENCODER_GIVEN; /* else it stands beside the encoder's */
    if (is_key && schema->dimension != 0 && schema->dimension != elements)
        return epi__fail(EPI_EDIMENSION, "store", "dimension %u differs from role \"%s\" of %llu", schema->dimension,
                         role->name, (unsigned long long)elements);
    if (schema->dimension > EPI_DIMENSION_MAX || elements > EPI_DIMENSION_MAX)
        return epi__fail(EPI_ELIMIT, "store", "dimension is %llu, limit %u",
                         (unsigned long long)EPI__MAX(schema->dimension, elements), EPI_DIMENSION_MAX);
    if (schema->encoder == EPI_ENCODER_HASH && schema->dimension != 0 && schema->dimension < EPI_HASH_DIMENSION_MIN)
        return epi__fail(EPI_ELIMIT, "store", "dimension is %u, at least %u", schema->dimension,
                         EPI_HASH_DIMENSION_MIN);
    if (schema->metric != EPI_COSINE && schema->metric != EPI_L2)
        return epi__fail(EPI_EINVAL, "store", "metric %d is unknown", (int)schema->metric);
    return EPI_OK;
}

epi_status epi__schema_check(const epi_schema *schema) {
    if (schema->version != 1)
        return epi__fail(EPI_EINVAL, "store", "schema has version %u, expected 1", schema->version);
    if (!schema->roles || schema->role_count == 0) return epi__fail(EPI_EINVAL, "store", "the schema has no roles");
    if (schema->role_count > EPI_PART_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, "store", "the schema has %zu roles, limit %u", schema->role_count,
                         EPI_PART_COUNT_MAX);
    const epi_role *vector = NULL;
    for (size_t i = 0; i < schema->role_count; i++) {
        EPI__TRY(check_role(schema, i));
        if (!(schema->roles[i].flags & EPI_ROLE_VECTOR)) continue;
        if (vector)
            return epi__fail(EPI_EINVAL, "store", "roles \"%s\" and \"%s\" both are the vector", vector->name,
                             schema->roles[i].name);
        vector = &schema->roles[i];
    }
    if (schema->preset) EPI__TRY(epi__schema_text_check("preset", schema->preset));
    if (schema->language && strcmp(schema->language, "english") != 0 && strcmp(schema->language, "none") != 0)
        return epi__fail(EPI_EUNSUPPORTED, "store", "language \"%s\" is unknown; \"english\" and \"none\" are known",
                         schema->language);
    return check_encoder(schema);
}

/* ---- copying and the record ------------------------------------------------------------------------------------- */

void epi__schema_copy_free(epi__schema_copy *copy) {
    if (!copy) return;
    epi__arena_dispose(&copy->arena);
    epi__free(copy);
}

static uint32_t dimension_of(const epi_schema *schema) {
    const epi_role *role = vector_role(schema);
    if (schema->encoder == EPI_ENCODER_NONE) return 0;
    if (schema->dimension) return schema->dimension;
    if (schema->encoder == EPI_ENCODER_HASH) return EPI_HASH_DIMENSION_DEFAULT;
    return role ? (uint32_t)(epi__schema_tensor_size(role) / sizeof(float)) : 0;
}

static void append_name(epi__buffer *out, const char *text) {
    epi__buffer_append_bytes(out, text, strlen(text));
}

void epi__schema_encode(epi__buffer *out, const epi_schema *schema) {
    append_name(out, schema->preset ? schema->preset : "custom");
    append_name(out, schema->language ? schema->language : "english");
    epi__buffer_append_u8(out, (uint8_t)schema->encoder);
    epi__buffer_append_u8(out, (uint8_t)schema->metric);
    epi__buffer_append_u32(out, dimension_of(schema));
    epi__buffer_append_u8(out, (uint8_t)schema->role_count);
    for (size_t i = 0; i < schema->role_count; i++) {
        const epi_role *role = &schema->roles[i];
        bool tensor = role->type == EPI_TENSOR;
        append_name(out, role->name);
        epi__buffer_append_u8(out, (uint8_t)role->type);
        epi__buffer_append_u32(out, role->flags);
        epi__buffer_append_f32(out, role->weight != 0.0f ? role->weight : 1.0f);
        epi__buffer_append_u8(out, tensor ? (uint8_t)role->dtype : 0);
        epi__buffer_append_u8(out, tensor ? (uint8_t)role->rank : 0);
        for (uint32_t axis = 0; tensor && axis < role->rank; axis++) epi__buffer_append_u32(out, role->shape[axis]);
    }
}

/* `starved` tells a lack of memory from a record that is damaged. */
static const char *read_name(epi__reader *reader, epi__arena *arena, bool *starved) {
    epi__view name = epi__read_bytes(reader);
    const char *text = epi__arena_text(arena, name.data, name.size);
    if (!text) reader->failed = *starved = true;
    return text;
}

static void read_role(epi_role *role, epi__reader *reader, epi__arena *arena, bool *starved) {
    role->name = read_name(reader, arena, starved);
    role->type = (epi_role_type)epi__read_u8(reader);
    role->flags = epi__read_u32(reader);
    role->weight = epi__read_f32(reader);
    role->dtype = (epi_dtype)epi__read_u8(reader);
    role->rank = epi__read_u8(reader);
    if (role->rank > EPI_RANK_MAX) reader->failed = true;
    for (uint32_t axis = 0; !reader->failed && axis < role->rank; axis++) role->shape[axis] = epi__read_u32(reader);
}

static void read_schema(epi__schema_copy *copy, epi__reader *reader, bool *starved) {
    epi_schema *schema = &copy->schema;
    schema->version = 1;
    schema->preset = read_name(reader, &copy->arena, starved);
    schema->language = read_name(reader, &copy->arena, starved);
    schema->encoder = (epi_encoder_kind)epi__read_u8(reader);
    schema->metric = (epi_metric)epi__read_u8(reader);
    schema->dimension = epi__read_u32(reader);
    schema->role_count = epi__read_u8(reader);
    epi_role *roles = epi__arena_alloc(&copy->arena, schema->role_count, sizeof *roles);
    schema->roles = roles;
    if (!roles) reader->failed = *starved = true;
    for (size_t i = 0; !reader->failed && i < schema->role_count; i++)
        read_role(&roles[i], reader, &copy->arena, starved);
}

epi_status epi__schema_decode(epi__schema_copy **copy, epi__view body) {
    *copy = epi__alloc_zero(1, sizeof **copy);
    if (!*copy) return epi__fail_memory("store", sizeof **copy);
    epi__reader reader = epi__reader_of(body.data, body.size);
    bool starved = false;
    read_schema(*copy, &reader, &starved);
    epi_status status = starved         ? epi__fail_memory("store", body.size)
                        : reader.failed ? epi__fail(EPI_EDAMAGED, "store", "the schema record cannot be read")
                                        : epi__schema_check(&(*copy)->schema);
    if (!status) return EPI_OK;
    epi__schema_copy_free(*copy);
    *copy = NULL;
    return status;
}

epi_status epi__schema_copy_of(epi__schema_copy **copy, const epi_schema *schema) {
    epi__buffer record = {0};
    epi__schema_encode(&record, schema);
    epi_status status = record.failed ? epi__fail_memory("store", 256)
                                      : epi__schema_decode(copy, (epi__view){record.data, record.size});
    epi__buffer_dispose(&record);
    return status;
}

epi_status epi__schema_same(const epi_schema *stored, const epi_schema *wanted, const char *space) {
    epi__buffer a = {0}, b = {0};
    EPI__TRY(epi__schema_check(wanted));
    epi__schema_encode(&a, stored);
    epi__schema_encode(&b, wanted);
    epi_status status = EPI_OK;
    if (a.failed || b.failed)
        status = epi__fail_memory("store", 256);
    else if (a.size != b.size || memcmp(a.data, b.data, a.size) != 0)
        status = epi__fail(EPI_ESCHEMA, "store", "space \"%s\" exists with another schema (preset \"%s\", %zu roles)",
                           space, stored->preset, stored->role_count);
    epi__buffer_dispose(&a);
    epi__buffer_dispose(&b);
    return status;
}
