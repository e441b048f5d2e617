/* key.h - keys of the store, byte by byte (docs/FORMAT.md). A key is: space (u32) · table (u8) · the table's own
 * fields. Numbers are big-endian, so that bytes sort as the numbers do; times are biased to be unsigned. The space
 * comes first: a space is one contiguous range of the store, and nothing can be asked for without naming it.
 */
#ifndef EPI_FORMAT_KEY_H
#define EPI_FORMAT_KEY_H

#include "../base/base.h"

#define EPI__FORMAT_VERSION 1u
#define EPI__KEY_SIZE_MAX 511u
#define EPI__SPACE_MEMORY 0u /* the "space" of records that belong to the memory itself */

/* Tables of the memory itself (space 0). */
typedef enum epi__memory_table {
    EPI__TABLE_META = 0x01,       /* - -> format, creation time */
    EPI__TABLE_SPACE_NAME = 0x02, /* name -> space */
    EPI__TABLE_MOVED = 0x03,      /* - -> number of the store that replaced this one */
    EPI__TABLE_DROPPED = 0x04     /* space -> - ; its records are being reclaimed */
} epi__memory_table;

/* Tables of a space. The numbers are part of the format. */
typedef enum epi__table {
    EPI__TABLE_STATE = 0x01,            /* - -> counters, next ids, count and sum of each table */
    EPI__TABLE_SCHEMA = 0x02,           /* - -> name and roles */
    EPI__TABLE_EPISODE = 0x10,          /* episode -> episode */
    EPI__TABLE_EPISODE_EXTERNAL = 0x11, /* external id -> episode */
    EPI__TABLE_RUN = 0x20,              /* first step -> run: consecutive step ids of one episode */
    EPI__TABLE_STEP = 0x21,             /* step -> row */
    EPI__TABLE_EXTERNAL = 0x22,         /* external id -> step, content hash */
    EPI__TABLE_MARK = 0x23,             /* step -> superseded, forgotten */
    EPI__TABLE_TIME = 0x24,             /* event time, step -> event end */
    EPI__TABLE_TOLD = 0x25,             /* begin, step, place -> end of a time that the step's text tells */
    EPI__TABLE_FACT = 0x26,             /* subject, attribute, begin, step, place -> end of a fact that it states */
    EPI__TABLE_COMPONENT = 0x30,        /* hash, ordinal -> bytes */
    EPI__TABLE_SHARE = 0x31,            /* hash, ordinal -> uses, only where there are two or more */
    EPI__TABLE_TAIL = 0x40,             /* step -> its terms and vector, until they are sealed */
    EPI__TABLE_TERM = 0x41,             /* term -> document count and the newest postings */
    EPI__TABLE_POSTING = 0x42,          /* term, 0, first step -> a full block of postings */
    EPI__TABLE_VECTOR = 0x50,           /* generation, chunk -> vectors of a range of step ids */
    EPI__TABLE_GENERATION = 0x51,       /* generation -> its encoder, and how far it is */
    EPI__TABLE_BACKLOG = 0x52,          /* generation, step -> - ; the step's vector is still to be made */
    EPI__TABLE_MODEL = 0x53,            /* generation, term -> what an encoder learned of it */
    EPI__TABLE_JOURNAL = 0x60,          /* sequence -> what a transaction changed */
    EPI__TABLE_CHUNK = 0x70,            /* chunk -> its lane, its seat, what of it is gone */
    EPI__TABLE_COLUMN = 0x71,           /* chunk -> its columns, once it is sealed */
    EPI__TABLE_ROWS = 0x72,             /* chunk, first slot -> rows of an open chunk */
    EPI__TABLE_RECORDER = 0x73,         /* name -> its lanes */
    EPI__TABLE_SEAT = 0x74,             /* seat -> - ; it is free */
    EPI__TABLE_LIMIT = 0x75,            /* - -> what a columnar space evicts by */
    EPI__TABLE_PRIORITY = 0x76          /* sampler, chunk -> priorities */
} epi__table;

/* A table's place in the array of counts and sums of the state record; -1 for STATE itself and unknown bytes. */
int epi__table_slot(uint8_t table);
#define EPI__TABLE_SLOTS 27
const char *epi__table_name(uint8_t table);        /* "step", "posting", ...; "unknown" */
const char *epi__memory_table_name(uint8_t table); /* "meta", "space-name", ... */
uint8_t epi__table_at(int slot);

typedef struct epi__key {
    uint16_t size;
    uint8_t bytes[EPI__KEY_SIZE_MAX];
} epi__key;

void epi__key_begin(epi__key *key, uint32_t space, uint8_t table);
void epi__key_u32(epi__key *key, uint32_t value);
void epi__key_u64(epi__key *key, uint64_t value);
void epi__key_time(epi__key *key, int64_t value);
void epi__key_bytes(epi__key *key, const void *data, size_t size); /* callers keep within EPI__KEY_SIZE_MAX */
/* The first key behind every key that begins with this one: the end of its range. */
void epi__key_next(epi__key *key);

static inline epi__view epi__key_view(const epi__key *key) {
    return (epi__view){key->bytes, key->size};
}

static inline void epi__key_of_u64(epi__key *key, uint32_t space, uint8_t table, uint64_t id) {
    epi__key_begin(key, space, table);
    epi__key_u64(key, id);
}

/* Of the told time at a place of a step's list, from 0. */
static inline void epi__key_of_told(epi__key *key, uint32_t space, int64_t from, uint64_t step, uint8_t place) {
    epi__key_begin(key, space, EPI__TABLE_TOLD);
    epi__key_time(key, from);
    epi__key_u64(key, step);
    epi__key_bytes(key, &place, 1);
}

/* Fields of a stored key; the caller has checked the size. */
static inline uint32_t epi__key_space(epi__view key) {
    return epi__load_be32(key.data);
}
static inline uint8_t epi__key_table(epi__view key) {
    return ((const uint8_t *)key.data)[4];
}
static inline epi__view epi__key_rest(epi__view key) {
    return (epi__view){(const uint8_t *)key.data + 5, key.size - 5};
}
static inline uint64_t epi__key_id(epi__view key) {
    return epi__load_be64((const uint8_t *)key.data + 5);
}

/* A key for a message: "step 17", "term word \"lisbon\"", or the bytes in hex. */
void epi__key_describe(epi__buffer *out, epi__view key);

#endif
