/* base.h - what every module stands on: failing, allocating, bytes, arenas, maps, clocks, hashes.
 *
 * Knows nothing of memories. One header because these are the library's vocabulary; one .c file for each topic.
 */
#ifndef EPI_BASE_BASE_H
#define EPI_BASE_BASE_H

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <episodic/status.h>

/* ---- error.c: the thread's last error ------------------------------------------------------------------------- */

#if defined(__GNUC__)
#define EPI__PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define EPI__PRINTF(text, first)
#endif

/* Records a message for this thread and returns `status`, so that a failure is one line: return epi__fail(...). */
epi_status epi__fail(epi_status status, const char *module, const char *format, ...) EPI__PRINTF(3, 4);
/* EPI_ENOMEM with the size that could not be had. */
epi_status epi__fail_memory(const char *module, size_t size);
/* EPI_EIO, EPI_EDISKFULL, EPI_EPERMISSION, EPI_ENOTFOUND or EPI_ENOMEM from an errno value; `what` says what was
 * tried. */
epi_status epi__fail_errno(const char *module, int error, const char *what, const char *path);

/* What they return is never EPI_OK. The compiler is told, or it would follow paths on which a failed call left its
 * output NULL and yet reported success. */
static inline epi_status epi__failed(epi_status status) {
#if defined(__GNUC__)
    if (status == EPI_OK) __builtin_unreachable();
#endif
    return status;
}
#define epi__fail(...) epi__failed((epi__fail)(__VA_ARGS__))
#define epi__fail_memory(module, size) epi__failed((epi__fail_memory)(module, size))
#define epi__fail_errno(module, error, what, path) epi__failed((epi__fail_errno)(module, error, what, path))

/* Lower errors pass through unchanged. */
#define EPI__TRY(call)                              \
    do {                                            \
        epi_status epi__try_status = (call);        \
        if (epi__try_status != EPI_OK) return epi__try_status; \
    } while (0)

/* ---- alloc.c: the heap; NULL on failure or overflow ------------------------------------------------------------ */

void *epi__alloc(size_t size);
void *epi__alloc_zero(size_t count, size_t size);
void *epi__realloc(void *memory, size_t count, size_t size); /* count x size, checked */
void *epi__alloc_aligned(size_t alignment, size_t size);     /* freed with epi__free */
void epi__free(void *memory);

/* ---- bytes.c: borrowed views, growing buffers, little- and big-endian access ----------------------------------- */

typedef struct epi__view {
    const void *data; /* borrowed; may be NULL when size is 0 */
    size_t size;
} epi__view;

typedef struct epi__buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    bool failed; /* an append could not allocate; later appends do nothing; check once at the end */
} epi__buffer;

void epi__buffer_dispose(epi__buffer *buffer);
void epi__buffer_clear(epi__buffer *buffer); /* keeps the allocation, forgets failure */
bool epi__buffer_reserve(epi__buffer *buffer, size_t more);
void epi__buffer_append(epi__buffer *buffer, const void *data, size_t size);
void epi__buffer_append_u8(epi__buffer *buffer, uint8_t value);
void epi__buffer_append_u16(epi__buffer *buffer, uint16_t value); /* little-endian, as all of these */
void epi__buffer_append_u32(epi__buffer *buffer, uint32_t value);
void epi__buffer_append_u64(epi__buffer *buffer, uint64_t value);
void epi__buffer_append_f32(epi__buffer *buffer, float value);
void epi__buffer_append_f64(epi__buffer *buffer, double value);
void epi__buffer_append_varint(epi__buffer *buffer, uint64_t value); /* LEB128 */
void epi__buffer_append_bytes(epi__buffer *buffer, const void *data, size_t size); /* varint size, then the bytes */
void epi__buffer_append_text(epi__buffer *buffer, const char *text);               /* no size, no NUL */
void epi__buffer_append_format(epi__buffer *buffer, const char *format, ...) EPI__PRINTF(2, 3);
void epi__buffer_append_decimal(epi__buffer *buffer, uint64_t value, size_t least); /* at least so many digits */
/* The content as a NUL-terminated string (the NUL is not counted); "" on failure. Borrowed from the buffer. */
const char *epi__buffer_text(epi__buffer *buffer);

/* A cursor over bytes that may be hostile: past the end everything is zero and `failed` is set; check once. */
typedef struct epi__reader {
    const uint8_t *next;
    const uint8_t *end;
    bool failed;
} epi__reader;

epi__reader epi__reader_of(const void *data, size_t size);
uint8_t epi__read_u8(epi__reader *reader);
uint16_t epi__read_u16(epi__reader *reader);
uint32_t epi__read_u32(epi__reader *reader);
uint64_t epi__read_u64(epi__reader *reader);
float epi__read_f32(epi__reader *reader);
double epi__read_f64(epi__reader *reader);
uint64_t epi__read_varint(epi__reader *reader);
epi__view epi__read_view(epi__reader *reader, size_t size);
epi__view epi__read_bytes(epi__reader *reader); /* what epi__buffer_append_bytes wrote */

/* Size of the well-formed UTF-8 character that begins at p (1 to 4; NUL is one); 0 when there is none. */
size_t epi__utf8_sequence(const uint8_t *p, size_t left);

static inline void epi__store_be32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24), p[1] = (uint8_t)(v >> 16), p[2] = (uint8_t)(v >> 8), p[3] = (uint8_t)v;
}
static inline void epi__store_be64(uint8_t *p, uint64_t v) {
    epi__store_be32(p, (uint32_t)(v >> 32));
    epi__store_be32(p + 4, (uint32_t)v);
}
static inline uint32_t epi__load_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t epi__load_be64(const uint8_t *p) {
    return (uint64_t)epi__load_be32(p) << 32 | epi__load_be32(p + 4);
}

/* ---- arena.c: many small allocations freed at once; what results are made of ------------------------------------ */

typedef struct epi__arena {
    struct epi__arena_block *blocks;
    size_t used; /* of the newest block */
    size_t total;
} epi__arena;

void epi__arena_dispose(epi__arena *arena);
void *epi__arena_alloc(epi__arena *arena, size_t count, size_t size); /* zeroed, 16-byte aligned; NULL on failure */
void *epi__arena_copy(epi__arena *arena, const void *data, size_t size);
char *epi__arena_text(epi__arena *arena, const void *data, size_t size); /* copy with a NUL behind it */

/* ---- map.c: a hash map from 64-bit keys to 64-bit values -------------------------------------------------------- */

typedef struct epi__map {
    struct epi__map_slot *slots;
    size_t count;
    size_t capacity; /* a power of two, or 0 */
} epi__map;

void epi__map_dispose(epi__map *map);
void epi__map_clear(epi__map *map);
bool epi__map_reserve(epi__map *map, size_t count); /* puts up to so many keys will not allocate; false: no memory */
bool epi__map_put(epi__map *map, uint64_t key, uint64_t value); /* false: out of memory, map unchanged */
bool epi__map_get(const epi__map *map, uint64_t key, uint64_t *value); /* value may be NULL */
bool epi__map_remove(epi__map *map, uint64_t key);
/* Visits every entry in no order: start with *at = 0; false at the end. */
bool epi__map_next(const epi__map *map, size_t *at, uint64_t *key, uint64_t *value);

/* ---- random.c, clock.c, hash.c ---------------------------------------------------------------------------------- */

typedef struct epi__random {
    uint64_t state[4]; /* xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64 */
} epi__random;

epi__random epi__random_seed(uint64_t seed);
uint64_t epi__random_next(epi__random *random);
uint64_t epi__random_below(epi__random *random, uint64_t bound); /* unbiased; bound > 0 */
double epi__random_unit(epi__random *random);                    /* [0, 1) */
double epi__random_normal(epi__random *random);

int64_t epi__clock_now_us(void);       /* wall clock, microseconds since 1970 UTC */
uint64_t epi__clock_monotonic_us(void); /* never goes back; for time limits */

typedef struct epi__hash128 {
    uint64_t low;
    uint64_t high;
} epi__hash128;

/* XXH3 (the one xxhash door). Never 0 for epi__hash64_pair, so that 0 can mean "none". */
uint64_t epi__hash64(const void *data, size_t size);
uint64_t epi__hash64_pair(const void *first, size_t first_size, const void *second, size_t second_size);
epi__hash128 epi__hash128_of(const void *data, size_t size);

/* ---- time.c: the proleptic Gregorian calendar ------------------------------------------------------------------- */

#define EPI__MINUTE_US INT64_C(60000000)
#define EPI__HOUR_US (60 * EPI__MINUTE_US)
#define EPI__DAY_US (24 * EPI__HOUR_US)
#define EPI__OFFSET_MIN_MAX 1080 /* of a place east or west of UTC: 18 hours, as ISO 8601 readers take it */

typedef struct epi__date {
    int64_t year;
    int32_t month; /* 1 to 12 */
    int32_t day;   /* 1 to 31 */
} epi__date;

int32_t epi__days_of_month(int64_t year, int32_t month);
int64_t epi__days_from_date(epi__date d);    /* since 1970-01-01, a Thursday */
epi__date epi__date_from_days(int64_t days); /* the inverse */
int64_t epi__divide_down(int64_t value, int64_t by); /* rounds towards minus infinity; by > 0 */

#define EPI__COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define EPI__MIN(a, b) ((a) < (b) ? (a) : (b))
#define EPI__MAX(a, b) ((a) > (b) ? (a) : (b))

/* Inlined whatever it costs. What only prefetches must be: gcc takes such a function for one without effects, and
 * leaves out calls of it that are still there when it looks for those. */
#define EPI__INLINE static inline __attribute__((always_inline))
/* Sends for a line of memory that is read or written soon. To the second-level cache: the first one takes few misses at
 * a time, and when those are used up, prefetching waits as reading would. */
#define EPI__PREFETCH(address) __builtin_prefetch((address), 0, 2)

#endif
