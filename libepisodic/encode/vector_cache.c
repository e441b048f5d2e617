/* vector_cache.c - see vector_cache.h.
 *
 * The file is a header and records of one size, appended under flock(2) and made durable before anybody counts on them:
 *   header  "epivec1\n" · dimension u32 · 0 u32 · identity u64 · checksum u64 of what is before it
 *   record  hash of the text, 16 bytes · checksum u64 of hash and vector · dimension x float32
 * Little-endian, as everything in a memory. In memory there is a map from hash to record only; a vector is read and
 * verified when it is asked for, so opening costs 16 bytes a text. A record cut short by a crash is cut off by the next
 * who appends; one that was never written through fails its checksum, counts as absent, and is overtaken by a newer.
 */
#include "vector_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODULE "encode"
#define HEADER_SIZE 32u
#define RECORD_HEAD 24u

struct epi__vector_cache {
    pthread_mutex_t mutex;
    int file;
    uint32_t dimension;
    size_t record_size;
    uint64_t known;   /* records that the map has */
    epi__map records; /* low half of the hash -> record */
    uint8_t *one;     /* room for a record */
    epi__buffer path;
    const char *directory; /* the arena's, as the next */
    const char *identity;
    epi__arena arena;
};

static void header_of(uint8_t header[HEADER_SIZE], const char *identity, uint32_t dimension) {
    epi__buffer bytes = {.data = header, .capacity = HEADER_SIZE};
    epi__buffer_append(&bytes, "epivec1\n", 8);
    epi__buffer_append_u32(&bytes, dimension);
    epi__buffer_append_u32(&bytes, 0);
    epi__buffer_append_u64(&bytes, epi__hash64(identity, strlen(identity)));
    epi__buffer_append_u64(&bytes, epi__hash64(header, HEADER_SIZE - 8));
}

static epi_status fail_io(const epi__vector_cache *cache, const char *what) {
    return epi__fail_errno(MODULE, errno ? errno : EIO, what, (const char *)cache->path.data);
}

static bool read_all(int file, void *data, size_t size, uint64_t offset) {
    for (size_t at = 0; at < size;) {
        ssize_t got = pread(file, (uint8_t *)data + at, size - at, (off_t)(offset + at));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += (size_t)got;
    }
    return true;
}

static bool write_all(int file, const void *data, size_t size, uint64_t offset) {
    for (size_t at = 0; at < size;) {
        ssize_t put = pwrite(file, (const uint8_t *)data + at, size - at, (off_t)(offset + at));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        at += (size_t)put;
    }
    return true;
}

static uint64_t offset_of(const epi__vector_cache *cache, uint64_t record) {
    return HEADER_SIZE + record * cache->record_size;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static epi_status sync_directory(const char *path) {
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return epi__fail_errno(MODULE, errno, "opening the directory", path);
    int failed = fsync(directory) && errno != EINVAL ? errno : 0;
    (void)close(directory);
    return failed ? epi__fail_errno(MODULE, failed, "syncing the directory", path) : EPI_OK;
}

/* Begins the file, or begins it anew if it is something else. */
static epi_status begin_file(epi__vector_cache *cache, const char *directory, const char *identity) {
    uint8_t expected[HEADER_SIZE], found[HEADER_SIZE];
    header_of(expected, identity, cache->dimension);
    if (read_all(cache->file, found, sizeof found, 0) && memcmp(found, expected, sizeof found) == 0) return EPI_OK;
    if (ftruncate(cache->file, 0) || !write_all(cache->file, expected, sizeof expected, 0) || fdatasync(cache->file))
        return fail_io(cache, "writing");
    return sync_directory(directory);
}

static epi_status open_file(epi__vector_cache *cache) {
    struct stat info;
    const char *directory = cache->directory, *identity = cache->identity;
    uint64_t hash = epi__hash64(identity, strlen(identity));
    epi__buffer_clear(&cache->path);
    epi__buffer_append_format(&cache->path, "%s/%016llx-%u.vectors", directory, (unsigned long long)hash,
                              cache->dimension);
    const char *path = epi__buffer_text(&cache->path);
    if (cache->path.failed) return epi__fail_memory(MODULE, strlen(directory));
    if (mkdir(directory, 0700) && errno != EEXIST) return epi__fail_errno(MODULE, errno, "making", directory);
    cache->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
    if (cache->file < 0) return fail_io(cache, "opening");
    if (fstat(cache->file, &info)) return fail_io(cache, "opening");
    if (!S_ISREG(info.st_mode)) return epi__fail(EPI_EPERMISSION, MODULE, "%s is not a plain file", path);
    if (flock(cache->file, LOCK_EX)) return fail_io(cache, "locking");
    epi_status status = begin_file(cache, directory, identity);
    (void)flock(cache->file, LOCK_UN);
    return status;
}

epi_status epi__vector_cache_open(epi__vector_cache **made, const char *directory, const char *identity,
                                  uint32_t dimension) {
    *made = NULL;
    epi__vector_cache *cache = epi__alloc_zero(1, sizeof *cache);
    if (!cache) return epi__fail_memory(MODULE, sizeof *cache);
    pthread_mutex_init(&cache->mutex, NULL);
    cache->file = -1;
    cache->dimension = dimension;
    cache->record_size = RECORD_HEAD + dimension * sizeof(float);
    cache->one = epi__alloc(cache->record_size);
    cache->directory = epi__arena_text(&cache->arena, directory, strlen(directory));
    cache->identity = epi__arena_text(&cache->arena, identity, strlen(identity));
    epi_status status = EPI_OK;
    if (!cache->one || !cache->directory || !cache->identity) status = epi__fail_memory(MODULE, cache->record_size);
    if (!status) status = open_file(cache);
    if (!status) status = epi__vector_cache_refresh(cache);
    if (status)
        epi__vector_cache_close(cache);
    else
        *made = cache;
    return status;
}

void epi__vector_cache_close(epi__vector_cache *cache) {
    if (!cache) return;
    if (cache->file >= 0) (void)close(cache->file);
    epi__map_dispose(&cache->records);
    epi__buffer_dispose(&cache->path);
    epi__arena_dispose(&cache->arena);
    pthread_mutex_destroy(&cache->mutex);
    epi__free(cache->one);
    epi__free(cache);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* A file that was removed is of no use to anybody: another is begun in its place. */
static epi_status replace_removed(epi__vector_cache *cache) {
    struct stat info;
    if (cache->file >= 0 && fstat(cache->file, &info) == 0 && info.st_nlink > 0) return EPI_OK;
    if (cache->file >= 0) (void)close(cache->file);
    epi__map_clear(&cache->records);
    cache->known = 0;
    return open_file(cache);
}

/* Learns of whole records that were appended since; a partial one at the end is no record. */
static epi_status look(epi__vector_cache *cache) {
    struct stat info;
    uint8_t hash[16];
    if (fstat(cache->file, &info)) return fail_io(cache, "reading");
    uint64_t size = (uint64_t)info.st_size, count = size > HEADER_SIZE ? (size - HEADER_SIZE) / cache->record_size : 0;
    for (; cache->known < count; cache->known++) {
        if (!read_all(cache->file, hash, sizeof hash, offset_of(cache, cache->known))) return fail_io(cache, "reading");
        epi__reader reader = epi__reader_of(hash, sizeof hash);
        if (!epi__map_put(&cache->records, epi__read_u64(&reader), cache->known))
            return epi__fail_memory(MODULE, sizeof hash);
    }
    return EPI_OK;
}

epi_status epi__vector_cache_refresh(epi__vector_cache *cache) {
    pthread_mutex_lock(&cache->mutex);
    epi_status status = replace_removed(cache);
    if (!status) status = look(cache);
    pthread_mutex_unlock(&cache->mutex);
    return status;
}

static uint64_t checksum_of(const uint8_t *record, size_t record_size) {
    return epi__hash64_pair(record, 16, record + RECORD_HEAD, record_size - RECORD_HEAD);
}

static bool read_record(float *vector, epi__vector_cache *cache, const epi__hash128 *text) {
    uint64_t record = 0;
    if (!epi__map_get(&cache->records, text->low, &record)) return false;
    if (!read_all(cache->file, cache->one, cache->record_size, offset_of(cache, record))) return false;
    epi__reader reader = epi__reader_of(cache->one, cache->record_size);
    bool same = epi__read_u64(&reader) == text->low;
    same &= epi__read_u64(&reader) == text->high;
    if (!same || epi__read_u64(&reader) != checksum_of(cache->one, cache->record_size)) return false;
    for (uint32_t i = 0; i < cache->dimension; i++) vector[i] = epi__read_f32(&reader);
    return true;
}

bool epi__vector_cache_get(float *vector, epi__vector_cache *cache, const epi__hash128 *text) {
    pthread_mutex_lock(&cache->mutex);
    bool found = read_record(vector, cache, text);
    pthread_mutex_unlock(&cache->mutex);
    return found;
}

/* ---- appending --------------------------------------------------------------------------------------------------- */

static bool make_records(epi__buffer *bytes, const epi__vector_cache *cache, const epi__hash128 *texts,
                         const float *vectors, size_t count) {
    if (!epi__buffer_reserve(bytes, count * cache->record_size)) return false;
    for (size_t i = 0; i < count; i++) {
        uint8_t *record = bytes->data + bytes->size;
        epi__buffer_append_u64(bytes, texts[i].low);
        epi__buffer_append_u64(bytes, texts[i].high);
        epi__buffer_append_u64(bytes, 0);
        for (uint32_t j = 0; j < cache->dimension; j++)
            epi__buffer_append_f32(bytes, vectors[i * cache->dimension + j]);
        epi__buffer checksum = {.data = record + 16, .capacity = 8};
        epi__buffer_append_u64(&checksum, checksum_of(record, cache->record_size));
    }
    return !bytes->failed;
}

/* With the file locked: behind the last whole record, of whoever wrote it. */
static epi_status append(epi__vector_cache *cache, const epi__buffer *bytes) {
    EPI__TRY(look(cache));
    uint64_t end = offset_of(cache, cache->known);
    bool written = !ftruncate(cache->file, (off_t)end) && write_all(cache->file, bytes->data, bytes->size, end) &&
                   !fdatasync(cache->file);
    if (written) return look(cache);
    epi_status status = fail_io(cache, "writing");
    if (ftruncate(cache->file, (off_t)end)) return status; /* the next append tries again */
    return status;
}

epi_status epi__vector_cache_put(epi__vector_cache *cache, const epi__hash128 *texts, const float *vectors,
                                 size_t count) {
    epi__buffer bytes = {0};
    epi_status status = make_records(&bytes, cache, texts, vectors, count)
                            ? EPI_OK
                            : epi__fail_memory(MODULE, count * cache->record_size);
    pthread_mutex_lock(&cache->mutex);
    if (!status) status = replace_removed(cache);
    if (!status && flock(cache->file, LOCK_EX)) status = fail_io(cache, "locking");
    if (!status) {
        status = append(cache, &bytes);
        (void)flock(cache->file, LOCK_UN);
    }
    pthread_mutex_unlock(&cache->mutex);
    epi__buffer_dispose(&bytes);
    return status;
}
