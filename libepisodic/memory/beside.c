/* beside.c - see beside.h. */
#include "beside.h"

#include "../store/component.h"

#define MODULE "memory"

int epi__beside_role(const epi_schema *schema) {
    if (schema->encoder == EPI_ENCODER_GIVEN) return -1;
    for (size_t i = 0; i < schema->role_count; i++)
        if (schema->roles[i].flags & EPI_ROLE_VECTOR) return (int)i;
    return -1;
}

static size_t dimension_of(const epi_schema *schema, int role) {
    return (size_t)(epi__schema_tensor_size(&schema->roles[role]) / sizeof(float));
}

/* The row's vector, as it is compared; *has: it has one. */
static epi_status read_row(float *vector, bool *has, const epi__mirror *mirror, epi__txn *txn, epi__view body) {
    const epi_schema *schema = &mirror->schema->schema;
    int role = epi__beside_role(schema);
    size_t dimension = dimension_of(schema, role);
    epi__row row;
    EPI__TRY(epi__row_decode(&row, body));
    epi__reader reader = row.rest;
    *has = false;
    for (uint8_t i = 0; i < row.tag_count; i++) (void)epi__read_bytes(&reader);
    for (unsigned i = 0; i <= row.part_count && !reader.failed && !*has; i++) {
        epi__value value;
        epi__view bytes;
        epi__value_decode(&value, &reader);
        if (i == 0 || reader.failed || value.role != role) continue;
        EPI__TRY(epi__component_get(&bytes, txn, mirror->space, &value));
        if (bytes.size != dimension * sizeof *vector)
            return epi__fail(EPI_EDAMAGED, MODULE, "a part of role \"%s\" has %zu bytes, expected %zu",
                             schema->roles[role].name, bytes.size, dimension * sizeof *vector);
        memcpy(vector, bytes.data, bytes.size);
        *has = schema->metric == EPI_L2 || epi__math_normalise(vector, dimension);
    }
    return reader.failed ? epi__fail(EPI_EDAMAGED, MODULE, "a step cannot be read") : EPI_OK;
}

static epi_status add_row(epi__index *index, float *vector, const epi__mirror *mirror, epi__txn *txn, uint64_t step,
                          epi__view body) {
    bool has = false;
    EPI__TRY(read_row(vector, &has, mirror, txn, body));
    return has ? epi__index_add(index, &step, vector, 1) : EPI_OK;
}

static epi_status fill(epi__index *index, float *vector, const epi__mirror *mirror, epi__txn *txn) {
    epi__scan scan = {0};
    epi__view key, body;
    epi_status status = epi__scan_table(&scan, txn, mirror->space, EPI__TABLE_STEP);
    while (!status && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK)
        status = add_row(index, vector, mirror, txn, epi__key_id(key), body);
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

/* With the mutex: another thread may have made it. */
static epi_status make(epi__mirror *mirror, epi__txn *txn) {
    const epi_schema *schema = &mirror->schema->schema;
    size_t dimension = dimension_of(schema, epi__beside_role(schema));
    epi__index *index = NULL;
    const epi__index_options options = {.dimension = (uint32_t)dimension,
                                        .metric = schema->metric == EPI_L2 ? EPI__METRIC_L2 : EPI__METRIC_COSINE};
    if (mirror->beside) return EPI_OK;
    if (dimension > EPI_DIMENSION_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "vectors of %zu elements are not searched, limit %u", dimension,
                         EPI_DIMENSION_MAX);
    float *vector = epi__realloc(NULL, dimension, sizeof *vector);
    epi_status status = vector ? epi__index_new(&index, &options)
                               : epi__fail_memory(MODULE, dimension * sizeof *vector);
    if (!status) status = fill(index, vector, mirror, txn);
    epi__free(vector);
    if (status)
        epi__index_free(index);
    else
        mirror->beside = index;
    return status;
}

epi_status epi__beside_add(epi__mirror *mirror, epi__txn *txn, uint64_t step) {
    epi__key key;
    epi__view body;
    if (!mirror->beside || epi__index_contains(mirror->beside, step)) return EPI_OK;
    const epi_schema *schema = &mirror->schema->schema;
    size_t dimension = dimension_of(schema, epi__beside_role(schema));
    float *vector = epi__realloc(NULL, dimension, sizeof *vector);
    if (!vector) return epi__fail_memory(MODULE, dimension * sizeof *vector);
    epi__key_of_u64(&key, mirror->space, EPI__TABLE_STEP, step);
    epi_status status = epi__record_get(&body, txn, &key);
    if (!status) status = add_row(mirror->beside, vector, mirror, txn, step, body);
    epi__free(vector);
    return status == EPI_ENOTFOUND ? EPI_OK : status; /* removed since */
}

epi_status epi__beside_remove(epi__mirror *mirror, uint64_t step) {
    return mirror->beside ? epi__index_remove(mirror->beside, step) : EPI_OK;
}

void epi__beside_drop(epi__mirror *mirror) {
    epi__index_free(mirror->beside);
    mirror->beside = NULL;
}

epi_status epi__beside_nearest(size_t *count, epi__best *found, epi__snapshot *snapshot, const float *query, size_t k,
                               epi__nearest_filter filter, void *context) {
    epi__mirror *mirror = snapshot->mirror;
    *count = 0;
    pthread_mutex_lock(&mirror->beside_mutex);
    epi_status status = make(mirror, snapshot->tx.txn);
    pthread_mutex_unlock(&mirror->beside_mutex);
    return status ? status : epi__index_search(count, found, mirror->beside, query, k, 0, filter, context);
}
