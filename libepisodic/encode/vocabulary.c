/* vocabulary.c - tokens to ids: open addressing over one block of bytes; see tokenizer.h. */
#include "tokenizer.h"

#define MODULE "encode"

struct epi__vocabulary_slot {
    uint32_t hash;
    uint32_t id; /* EPI__TOKEN_NONE: free */
    uint32_t offset;
    uint32_t size;
};

void epi__vocabulary_dispose(epi__vocabulary *vocabulary) {
    epi__free(vocabulary->slots);
    epi__buffer_dispose(&vocabulary->bytes);
}

bool epi__vocabulary_reserve(epi__vocabulary *vocabulary, size_t count) {
    size_t capacity = 64;
    while (capacity < count * 2) capacity *= 2;
    vocabulary->slots = epi__realloc(NULL, capacity, sizeof *vocabulary->slots);
    vocabulary->capacity = vocabulary->slots ? capacity : 0;
    for (size_t i = 0; i < vocabulary->capacity; i++) vocabulary->slots[i].id = EPI__TOKEN_NONE;
    return vocabulary->slots != NULL;
}

/* The slot of a token, or the free one where it belongs. Half of all slots are free, so there is one. */
static struct epi__vocabulary_slot *find(const epi__vocabulary *vocabulary, const char *token, size_t size,
                                         uint32_t hash) {
    size_t mask = vocabulary->capacity - 1, at = hash & mask;
    for (;; at = (at + 1) & mask) {
        struct epi__vocabulary_slot *slot = &vocabulary->slots[at];
        if (slot->id == EPI__TOKEN_NONE) return slot;
        if (slot->hash == hash && slot->size == size && memcmp(vocabulary->bytes.data + slot->offset, token, size) == 0)
            return slot;
    }
}

epi_status epi__vocabulary_put(epi__vocabulary *vocabulary, const char *token, size_t size, uint32_t id) {
    uint32_t hash = (uint32_t)epi__hash64(token, size);
    if ((vocabulary->count + 1) * 2 > vocabulary->capacity)
        return epi__fail(EPI_EINTERNAL, MODULE, "a vocabulary has more than %zu tokens", vocabulary->count);
    struct epi__vocabulary_slot *slot = find(vocabulary, token, size, hash);
    if (slot->id != EPI__TOKEN_NONE)
        return epi__fail(EPI_EFORMAT, MODULE, "token \"%.*s\" stands twice in the vocabulary", (int)EPI__MIN(size, 80u),
                         token);
    if (vocabulary->bytes.size + size > UINT32_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the vocabulary has over %u bytes", UINT32_MAX);
    *slot = (struct epi__vocabulary_slot){hash, id, (uint32_t)vocabulary->bytes.size, (uint32_t)size};
    epi__buffer_append(&vocabulary->bytes, token, size);
    if (vocabulary->bytes.failed) return epi__fail_memory(MODULE, size);
    vocabulary->count++;
    vocabulary->size_max = EPI__MAX(vocabulary->size_max, size);
    return EPI_OK;
}

uint32_t epi__vocabulary_get(const epi__vocabulary *vocabulary, const char *token, size_t size) {
    if (vocabulary->capacity == 0 || size > vocabulary->size_max) return EPI__TOKEN_NONE;
    return find(vocabulary, token, size, (uint32_t)epi__hash64(token, size))->id;
}
