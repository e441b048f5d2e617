/* schema.c - a space's schema as JSON, for the first line of an export.
 *
 *   {"preset":"custom","encoder":"given","dimension":4,"metric":"l2","language":"english","roles":[
 *     {"name":"observation","type":"tensor","flags":["vector","required"],"weight":1,"dtype":"f32","shape":[4]}]}
 *
 * Enumerations are written by name, so that a number that changes its meaning can never be read as another.
 * Ownership: a schema that was read borrows its strings from the JSON and its roles from the caller.
 */
#include "transfer.h"

typedef struct named {
    const char *name;
    uint32_t value;
} named;

static const named types[] = {{"text", EPI_TEXT}, {"blob", EPI_BLOB}, {"json", EPI_JSON}, {"tensor", EPI_TENSOR}};
static const named dtypes[] = {{"none", EPI_DTYPE_NONE}, {"f32", EPI_F32}, {"f64", EPI_F64}, {"i8", EPI_I8},
                               {"i16", EPI_I16},         {"i32", EPI_I32}, {"i64", EPI_I64}, {"u8", EPI_U8},
                               {"u16", EPI_U16},         {"u32", EPI_U32}, {"u64", EPI_U64}, {"bool", EPI_BOOL}};
static const named encoders[] = {{"none", EPI_ENCODER_NONE}, {"hash", EPI_ENCODER_HASH}, {"given", EPI_ENCODER_GIVEN}};
static const named metrics[] = {{"cosine", EPI_COSINE}, {"l2", EPI_L2}};
static const named role_flags[] = {{"search", EPI_ROLE_SEARCH},
                                   {"keyword", EPI_ROLE_KEYWORD},
                                   {"vector", EPI_ROLE_VECTOR},
                                   {"required", EPI_ROLE_REQUIRED}};

static const char *name_of(const named *names, size_t count, uint32_t value) {
    for (size_t i = 0; i < count; i++) {
        if (names[i].value == value) return names[i].name;
    }
    return "?";
}

static bool value_of(uint32_t *value, const named *names, size_t count, const char *name) {
    for (size_t i = 0; name != NULL && i < count; i++) {
        if (strcmp(names[i].name, name) != 0) continue;
        *value = names[i].value;
        return true;
    }
    return false;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static void put_name(epi_json_writer *writer, const char *name, const char *text) {
    epi_json_put_string(writer, name, text, strlen(text));
}

static void write_role(epi_json_writer *writer, const epi_role *role) {
    epi_json_begin_object(writer, NULL);
    put_name(writer, "name", role->name);
    put_name(writer, "type", name_of(types, EPI__COUNT(types), (uint32_t)role->type));
    epi_json_begin_array(writer, "flags");
    for (size_t i = 0; i < EPI__COUNT(role_flags); i++) {
        if (role->flags & role_flags[i].value) put_name(writer, NULL, role_flags[i].name);
    }
    epi_json_end(writer);
    epi_json_put_number(writer, "weight", (double)role->weight);
    if (role->type == EPI_TENSOR) {
        put_name(writer, "dtype", name_of(dtypes, EPI__COUNT(dtypes), (uint32_t)role->dtype));
        epi_json_begin_array(writer, "shape");
        for (uint32_t i = 0; i < role->rank; i++) epi_json_put_unsigned(writer, NULL, role->shape[i]);
        epi_json_end(writer);
    }
    epi_json_end(writer);
}

void epi__schema_write(epi_json_writer *writer, const char *name, const epi_schema *schema) {
    epi_json_begin_object(writer, name);
    put_name(writer, "preset", schema->preset != NULL ? schema->preset : "custom");
    put_name(writer, "encoder", name_of(encoders, EPI__COUNT(encoders), (uint32_t)schema->encoder));
    epi_json_put_unsigned(writer, "dimension", schema->dimension);
    put_name(writer, "metric", name_of(metrics, EPI__COUNT(metrics), (uint32_t)schema->metric));
    put_name(writer, "language", schema->language != NULL ? schema->language : "english");
    epi_json_begin_array(writer, "roles");
    for (size_t i = 0; i < schema->role_count; i++) write_role(writer, &schema->roles[i]);
    epi_json_end(writer);
    epi_json_end(writer);
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static bool read_name(uint32_t *value, const named *names, size_t count, const epi_json *json) {
    return value_of(value, names, count, epi_json_string(json, NULL));
}

static bool read_u32(uint32_t *value, const epi_json *json) {
    int64_t integer;
    if (!epi_json_integer(&integer, json) || integer < 0 || integer > UINT32_MAX) return false;
    *value = (uint32_t)integer;
    return true;
}

static bool read_flags(uint32_t *flags, const epi_json *list) {
    *flags = 0;
    for (const epi_json *at = epi_json_first(list); at != NULL; at = epi_json_next(at)) {
        uint32_t flag = 0;
        if (!read_name(&flag, role_flags, EPI__COUNT(role_flags), at)) return false;
        *flags |= flag;
    }
    return true;
}

static const char *read_tensor(epi_role *role, const epi_json *json) {
    uint32_t dtype = 0;
    if (!read_name(&dtype, dtypes, EPI__COUNT(dtypes), epi_json_member(json, "dtype")))
        return "a role's dtype is unknown";
    role->dtype = (epi_dtype)dtype;
    const epi_json *at = epi_json_first(epi_json_member(json, "shape"));
    for (; at != NULL; at = epi_json_next(at)) {
        if (role->rank == EPI_RANK_MAX || !read_u32(&role->shape[role->rank], at)) return "a role's shape is malformed";
        role->rank++;
    }
    return NULL;
}

static const char *read_role(epi_role *role, const epi_json *json) {
    uint32_t type = 0;
    double weight = 0.0;
    *role = (epi_role){0};
    role->name = epi__json_text_of(json, "name");
    if (role->name == NULL) return "a role has no name";
    if (!read_name(&type, types, EPI__COUNT(types), epi_json_member(json, "type"))) return "a role's type is unknown";
    if (!read_flags(&role->flags, epi_json_member(json, "flags"))) return "a role's flag is unknown";
    const epi_json *given = epi_json_member(json, "weight");
    if (given != NULL && !epi_json_number(&weight, given)) return "a role's weight is no number";
    role->type = (epi_role_type)type;
    role->weight = (float)weight;
    return role->type == EPI_TENSOR ? read_tensor(role, json) : NULL;
}

static const char *read_roles(epi_schema *schema, epi_role *roles, const epi_json *list) {
    if (epi_json_type_of(list) != EPI_JSON_ARRAY) return "the schema has no list of roles";
    schema->roles = roles;
    for (const epi_json *at = epi_json_first(list); at != NULL; at = epi_json_next(at)) {
        if (schema->role_count == EPI_PART_COUNT_MAX) return "the schema has too many roles";
        const char *wrong = read_role(&roles[schema->role_count++], at);
        if (wrong != NULL) return wrong;
    }
    return NULL;
}

const char *epi__schema_read(epi_schema *schema, epi_role *roles, const epi_json *value) {
    uint32_t encoder = 0;
    uint32_t metric = 0;
    *schema = epi_schema_default();
    if (epi_json_type_of(value) != EPI_JSON_OBJECT) return "the schema is missing";
    schema->preset = epi__json_text_of(value, "preset");
    if (schema->preset == NULL) return "the schema's preset is missing";
    if (!read_name(&encoder, encoders, EPI__COUNT(encoders), epi_json_member(value, "encoder"))) {
        return "the schema's encoder is unknown";
    }
    if (!read_name(&metric, metrics, EPI__COUNT(metrics), epi_json_member(value, "metric"))) {
        return "the schema's metric is unknown";
    }
    if (!read_u32(&schema->dimension, epi_json_member(value, "dimension")))
        return "the schema's dimension is malformed";
    schema->encoder = (epi_encoder_kind)encoder;
    schema->metric = (epi_metric)metric;
    schema->language = epi__json_text_of(value, "language");
    return read_roles(schema, roles, epi_json_member(value, "roles"));
}
