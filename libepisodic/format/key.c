/* key.c - building and describing keys; the layout is told in key.h. */
#include "key.h"

static const struct {
    uint8_t table;
    const char *name;
} TABLES[] = {
    {EPI__TABLE_SCHEMA, "schema"},
    {EPI__TABLE_EPISODE, "episode"},
    {EPI__TABLE_EPISODE_EXTERNAL, "episode-external"},
    {EPI__TABLE_RUN, "run"},
    {EPI__TABLE_STEP, "step"},
    {EPI__TABLE_EXTERNAL, "external"},
    {EPI__TABLE_MARK, "mark"},
    {EPI__TABLE_TIME, "time"},
    {EPI__TABLE_TOLD, "told"},
    {EPI__TABLE_FACT, "fact"},
    {EPI__TABLE_COMPONENT, "component"},
    {EPI__TABLE_SHARE, "share"},
    {EPI__TABLE_TAIL, "tail"},
    {EPI__TABLE_TERM, "term"},
    {EPI__TABLE_POSTING, "posting"},
    {EPI__TABLE_VECTOR, "vector"},
    {EPI__TABLE_GENERATION, "generation"},
    {EPI__TABLE_BACKLOG, "backlog"},
    {EPI__TABLE_MODEL, "model"},
    {EPI__TABLE_JOURNAL, "journal"},
    {EPI__TABLE_CHUNK, "chunk"},
    {EPI__TABLE_COLUMN, "column"},
    {EPI__TABLE_ROWS, "rows"},
    {EPI__TABLE_RECORDER, "recorder"},
    {EPI__TABLE_SEAT, "seat"},
    {EPI__TABLE_LIMIT, "limit"},
    {EPI__TABLE_PRIORITY, "priority"},
};
_Static_assert(EPI__COUNT(TABLES) == EPI__TABLE_SLOTS, "every table but the state has a slot");

int epi__table_slot(uint8_t table) {
    for (int i = 0; i < EPI__TABLE_SLOTS; i++)
        if (TABLES[i].table == table) return i;
    return -1;
}

const char *epi__table_name(uint8_t table) {
    int slot = epi__table_slot(table);
    if (slot >= 0) return TABLES[slot].name;
    return table == EPI__TABLE_STATE ? "state" : "unknown";
}

const char *epi__memory_table_name(uint8_t table) {
    static const char *const names[] = {"unknown", "meta", "space-name", "moved", "dropped"};
    return names[table < EPI__COUNT(names) ? table : 0];
}

uint8_t epi__table_at(int slot) {
    return TABLES[slot].table;
}

void epi__key_bytes(epi__key *key, const void *data, size_t size) {
    assert(key->size + size <= EPI__KEY_SIZE_MAX);
    if (size == 0) return;
    memcpy(key->bytes + key->size, data, size);
    key->size = (uint16_t)(key->size + size);
}

void epi__key_u32(epi__key *key, uint32_t value) {
    uint8_t bytes[4];
    epi__store_be32(bytes, value);
    epi__key_bytes(key, bytes, sizeof bytes);
}

void epi__key_u64(epi__key *key, uint64_t value) {
    uint8_t bytes[8];
    epi__store_be64(bytes, value);
    epi__key_bytes(key, bytes, sizeof bytes);
}

void epi__key_time(epi__key *key, int64_t value) {
    epi__key_u64(key, (uint64_t)value ^ (1ull << 63));
}

void epi__key_begin(epi__key *key, uint32_t space, uint8_t table) {
    key->size = 0;
    epi__key_u32(key, space);
    epi__key_bytes(key, &table, 1);
}

void epi__key_next(epi__key *key) {
    while (key->size > 0 && key->bytes[key->size - 1] == 0xFF) key->size--;
    if (key->size > 0) key->bytes[key->size - 1]++;
}

static bool printable(epi__view bytes) {
    const uint8_t *at = bytes.data;
    for (size_t i = 0; i < bytes.size; i++)
        if (at[i] < 0x20 || at[i] == 0x7F) return false;
    return bytes.size > 0;
}

/* Tables whose keys are a text of the caller's; in all others, eight bytes are a number. */
static bool is_text(epi__view key) {
    uint8_t table = epi__key_table(key);
    if (epi__key_space(key) == EPI__SPACE_MEMORY) return table == EPI__TABLE_SPACE_NAME;
    return table == EPI__TABLE_EXTERNAL || table == EPI__TABLE_EPISODE_EXTERNAL || table == EPI__TABLE_TERM;
}

void epi__key_describe(epi__buffer *out, epi__view key) {
    if (key.size < 5) {
        epi__buffer_append_format(out, "key of %zu bytes", key.size);
        return;
    }
    epi__view rest = epi__key_rest(key);
    const uint8_t *at = rest.data;
    bool of_memory = epi__key_space(key) == EPI__SPACE_MEMORY;
    epi__buffer_append_text(out, of_memory ? epi__memory_table_name(epi__key_table(key))
                                           : epi__table_name(epi__key_table(key)));
    if (rest.size == 0) return;
    if (rest.size == 8 && !is_text(key)) {
        epi__buffer_append_format(out, " %llu", (unsigned long long)epi__load_be64(at));
    } else if (printable(rest)) {
        epi__buffer_append_format(out, " \"%.*s\"", (int)rest.size, (const char *)rest.data);
    } else {
        epi__buffer_append_text(out, " ");
        for (size_t i = 0; i < rest.size; i++) epi__buffer_append_format(out, "%02x", at[i]);
    }
}
