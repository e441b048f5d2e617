/* vectors.c - vector chunks; see vectors.h. */
#include "vectors.h"

#include <stdlib.h>

#define MODULE "memory"
#define CHUNK_SIZE (128u * 1024u)
#define CAPACITY_MIN 8u
#define CAPACITY_MAX 4096u

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "vectors are stored as they lie in memory");

uint32_t epi__vectors_capacity(uint32_t dimension) {
    uint32_t capacity = CAPACITY_MIN;
    while (capacity < CAPACITY_MAX && (uint64_t)capacity * 2 * dimension * sizeof(float) <= CHUNK_SIZE) capacity *= 2;
    return capacity;
}

/* At least 8, so that the floats behind it are aligned. */
static size_t bitmap_size(uint32_t capacity) {
    return EPI__MAX(capacity / 8u, 8u);
}

static size_t body_size(uint32_t dimension) {
    uint32_t capacity = epi__vectors_capacity(dimension);
    return bitmap_size(capacity) + (size_t)capacity * dimension * sizeof(float);
}

static bool bit(const uint8_t *bits, uint64_t at) {
    return bits[at / 8] >> (at % 8) & 1;
}

static void chunk_key(epi__key *key, uint32_t space, uint64_t generation, uint64_t chunk) {
    epi__key_begin(key, space, EPI__TABLE_VECTOR);
    epi__key_u32(key, (uint32_t)generation);
    epi__key_u64(key, chunk);
}

epi_status epi__chunk_open(const uint8_t **present, const float **vectors, epi__view body, uint32_t dimension) {
    if (body.size != body_size(dimension))
        return epi__fail(EPI_EDAMAGED, MODULE, "a vector chunk has %zu bytes, expected %zu", body.size,
                         body_size(dimension));
    *present = body.data;
    *vectors = (const float *)(const void *)(*present + bitmap_size(epi__vectors_capacity(dimension)));
    return EPI_OK;
}

/* ---- tail records ----------------------------------------------------------------------------------------------- */

void epi__tail_record_encode(epi__buffer *out, const epi__document *document, const float *vector, uint32_t dimension) {
    epi__buffer encoded = {0};
    if (document->count > 0) epi__document_encode(&encoded, document);
    epi__buffer_append_bytes(out, encoded.data, encoded.size);
    if (vector) epi__buffer_append(out, vector, dimension * sizeof *vector);
    if (encoded.failed || document->failed) out->failed = true;
    epi__buffer_dispose(&encoded);
}

epi_status epi__tail_record_decode(epi__view *document, epi__view *vector, epi__view body) {
    epi__reader reader = epi__reader_of(body.data, body.size);
    *document = epi__read_bytes(&reader);
    *vector = epi__read_view(&reader, (size_t)(reader.end - reader.next));
    return reader.failed ? epi__fail(EPI_EDAMAGED, MODULE, "a tail record is cut") : EPI_OK;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

/* The chunk as it is stored, or an empty one, in memory of its own. */
static epi_status chunk_load(uint8_t *body, size_t size, epi__change *change, const epi__key *key) {
    epi__view stored;
    epi_status status = epi__change_get(&stored, change, key);
    memset(body, 0, size);
    if (status == EPI_ENOTFOUND) return EPI_OK;
    EPI__TRY(status);
    if (stored.size != size)
        return epi__fail(EPI_EDAMAGED, MODULE, "a vector chunk has %zu bytes, expected %zu", stored.size, size);
    memcpy(body, stored.data, size);
    return EPI_OK;
}

epi_status epi__vectors_seal(size_t *added, epi__change *change, uint32_t dimension, uint64_t generation,
                             const uint64_t *ids, const void *const *vectors, size_t count) {
    uint32_t capacity = epi__vectors_capacity(dimension);
    size_t size = body_size(dimension), width = dimension * sizeof(float);
    uint8_t *body = epi__alloc(size);
    if (!body) return epi__fail_memory(MODULE, size);
    epi_status status = EPI_OK;
    *added = 0;
    for (size_t at = 0; !status && at < count;) {
        epi__key key;
        uint64_t chunk = ids[at] / capacity;
        chunk_key(&key, change->space, generation, chunk);
        status = chunk_load(body, size, change, &key);
        for (; !status && at < count && ids[at] / capacity == chunk; at++) {
            uint64_t place = ids[at] % capacity;
            *added += !bit(body, place);
            body[place / 8] |= (uint8_t)(1u << (place % 8));
            memcpy(body + bitmap_size(capacity) + place * width, vectors[at], width);
        }
        if (!status) status = epi__change_put(change, &key, body, size);
    }
    epi__free(body);
    return status;
}

epi_status epi__vectors_remove(bool *removed, epi__change *change, uint32_t dimension, uint64_t generation,
                               uint64_t id) {
    uint32_t capacity = epi__vectors_capacity(dimension);
    size_t size = body_size(dimension), width = dimension * sizeof(float);
    uint8_t *body = epi__alloc(size);
    if (!body) return epi__fail_memory(MODULE, size);
    epi__key key;
    uint64_t place = id % capacity;
    chunk_key(&key, change->space, generation, id / capacity);
    epi_status status = chunk_load(body, size, change, &key);
    *removed = !status && bit(body, place);
    if (*removed) {
        body[place / 8] &= (uint8_t) ~(1u << (place % 8));
        memset(body + bitmap_size(capacity) + place * width, 0, width);
        bool empty = true;
        for (size_t i = 0; i < bitmap_size(capacity); i++) empty = empty && body[i] == 0;
        status = empty ? epi__change_remove(change, &key) : epi__change_put(change, &key, body, size);
    }
    epi__free(body);
    return status;
}

/* Removes at most `limit` of the records whose keys begin with a table and a generation. */
static epi_status drop_range(size_t *removed, epi__change *change, uint8_t table, uint64_t generation, size_t limit) {
    epi__key first, end;
    epi_status status = EPI_OK;
    epi__key_begin(&first, change->space, table);
    epi__key_u32(&first, (uint32_t)generation);
    end = first;
    epi__key_next(&end);
    while (!status && *removed < limit) { /* a scan does not outlive a write, so each begins anew */
        epi__scan scan = {0};
        epi__view key, body;
        epi__key one = {0};
        status = epi__scan_open(&scan, change->tx.txn, &first, &end, false);
        if (!status) status = epi__scan_next(&key, &body, &scan);
        if (!status) epi__key_bytes(&one, key.data, key.size);
        epi__scan_close(&scan);
        if (!status) status = epi__change_remove(change, &one);
        *removed += !status;
    }
    return status == EPI_EDONE ? EPI_OK : status;
}

epi_status epi__vectors_drop(bool *left, epi__change *change, uint64_t generation, size_t limit) {
    static const uint8_t tables[] = {EPI__TABLE_VECTOR, EPI__TABLE_BACKLOG, EPI__TABLE_MODEL};
    size_t removed = 0;
    for (size_t i = 0; i < EPI__COUNT(tables); i++)
        EPI__TRY(drop_range(&removed, change, tables[i], generation, limit));
    *left = removed >= limit;
    return EPI_OK;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* The chunk in the store's map. Its checksum is verified once after every seal, not on every read: 13 us for 86 KiB. */
static epi_status chunk_view(epi__view *body, epi__mirror *mirror, epi__view key, epi__view value) {
    uint64_t chunk = epi__load_be64((const uint8_t *)key.data + key.size - 8);
    pthread_mutex_lock(&mirror->verified_mutex);
    bool verified = epi__map_get(&mirror->verified, chunk, NULL);
    pthread_mutex_unlock(&mirror->verified_mutex);
    if (verified && value.size > 8) {
        *body = epi__record_body(value);
        return EPI_OK;
    }
    EPI__TRY(epi__record_open(body, key, value));
    pthread_mutex_lock(&mirror->verified_mutex);
    (void)epi__map_put(&mirror->verified, chunk, 1); /* without memory for it, it is verified again */
    pthread_mutex_unlock(&mirror->verified_mutex);
    return EPI_OK;
}

const float *epi__vectors_at(epi__mirror *mirror, epi__txn *txn, const epi__state *state, uint64_t id) {
    uint32_t dimension = (uint32_t)state->dimension, capacity = epi__vectors_capacity(dimension);
    epi__key key;
    epi__view value, body;
    const uint8_t *present = NULL;
    const float *vectors = NULL;
    chunk_key(&key, mirror->space, state->generation, id / capacity);
    if (epi__tx_ops(txn)->get(&value, txn, epi__key_view(&key)) != EPI_OK) return NULL;
    if (chunk_view(&body, mirror, epi__key_view(&key), value) != EPI_OK) return NULL;
    if (epi__chunk_open(&present, &vectors, body, dimension) != EPI_OK || !bit(present, id % capacity)) return NULL;
    return vectors + (id % capacity) * dimension;
}

epi_status epi__vectors_read(float *out, const epi__mirror *mirror, epi__txn *txn, uint64_t generation,
                             uint32_t dimension, uint64_t id) {
    uint32_t capacity = epi__vectors_capacity(dimension);
    epi__key key;
    epi__view body;
    const uint8_t *present = NULL;
    const float *vectors = NULL;
    chunk_key(&key, mirror->space, generation, id / capacity);
    EPI__TRY(epi__record_get(&body, txn, &key));
    EPI__TRY(epi__chunk_open(&present, &vectors, body, dimension));
    if (!bit(present, id % capacity)) return EPI_ENOTFOUND;
    memcpy(out, vectors + (id % capacity) * dimension, dimension * sizeof *out);
    return EPI_OK;
}

/* A step that got its vector late has it in its chunk, sealed or not. */
epi_status epi__vectors_get(float *out, const epi__mirror *mirror, epi__txn *txn, const epi__state *state,
                            uint64_t id) {
    uint32_t dimension = (uint32_t)state->dimension;
    epi__key key;
    epi__view body, document, vector = {0};
    epi__key_of_u64(&key, mirror->space, EPI__TABLE_TAIL, id);
    epi_status status = epi__record_get(&body, txn, &key);
    if (status == EPI_OK) EPI__TRY(epi__tail_record_decode(&document, &vector, body));
    if (status != EPI_OK && status != EPI_ENOTFOUND) return status;
    if (vector.size == 0) return epi__vectors_read(out, mirror, txn, state->generation, dimension, id);
    if (vector.size != dimension * sizeof(float)) return epi__fail(EPI_EDAMAGED, MODULE, "a tail record is cut");
    memcpy(out, vector.data, vector.size);
    return EPI_OK;
}

epi_status epi__vectors_scan(epi__mirror *mirror, epi__txn *txn, const epi__state *state, uint64_t from,
                             epi__vectors_visit visit, void *context) {
    uint32_t dimension = (uint32_t)state->dimension, capacity = epi__vectors_capacity(dimension);
    epi__key first, end;
    epi__range *range = NULL;
    epi__key_begin(&end, mirror->space, EPI__TABLE_VECTOR);
    epi__key_u32(&end, (uint32_t)state->generation);
    epi__key_next(&end);
    chunk_key(&first, mirror->space, state->generation, from / capacity);
    EPI__TRY(epi__tx_ops(txn)->range_open(&range, txn, epi__key_view(&first), epi__key_view(&end), false));
    epi_status status = EPI_OK;
    while (!status) {
        epi__view key, value, body;
        const uint8_t *present = NULL;
        const float *vectors = NULL;
        status = epi__tx_ops(txn)->range_next(&key, &value, range);
        if (!status) status = chunk_view(&body, mirror, key, value);
        if (!status) status = epi__chunk_open(&present, &vectors, body, dimension);
        if (!status)
            status = visit(context, epi__load_be64((const uint8_t *)key.data + key.size - 8) * capacity, present,
                           vectors, capacity);
    }
    epi__tx_ops(txn)->range_close(range);
    return status == EPI_EDONE ? EPI_OK : status;
}

epi_status epi__vectors_scan_tail(epi__mirror *mirror, epi__txn *txn, const epi__state *state, epi__vector_visit visit,
                                  void *context) {
    uint32_t dimension = (uint32_t)state->dimension;
    float *vector = epi__realloc(NULL, dimension, sizeof *vector);
    if (!vector) return epi__fail_memory(MODULE, dimension * sizeof *vector);
    epi__scan scan = {0};
    epi__view key, body, document, bytes;
    epi_status status = epi__scan_table(&scan, txn, mirror->space, EPI__TABLE_TAIL);
    while (!status && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK) {
        status = epi__tail_record_decode(&document, &bytes, body);
        if (status || bytes.size != dimension * sizeof *vector) continue;
        memcpy(vector, bytes.data, bytes.size);
        status = visit(context, epi__key_id(key), vector);
    }
    epi__scan_close(&scan);
    epi__free(vector);
    return status == EPI_EDONE ? EPI_OK : status;
}
