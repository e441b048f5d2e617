/* priority_file.c - priority blocks in memory: private ones, and files that processes share.
 *
 * Idea: a named sampler's block is a file in memory/cache, mapped by all who use the name; a second file beside it is
 * only locked: one byte while somebody opens, one byte by all who have it open. Who opens it alone may make it anew. A
 * block that grows is copied into a new file, which takes the old one's name; the old one says "moved", and whoever
 * comes to its mutex next goes over. Space on disk is taken before it is mapped: writing to a hole of a full disk would
 * be a signal.
 * A file of an earlier boot is not believed: the system may have gone down with a part of it written.
 */
#include "priority.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODULE "replay"
#define CAPACITY_STEP 4096u
#define BYTE_OPENING 0
#define BYTE_OPEN 1

static uint64_t boot_id(void) {
    char text[64];
    const int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    const ssize_t size = file < 0 ? 0 : read(file, text, sizeof text);
    if (file >= 0) (void)close(file);
    return size > 0 ? epi__hash64(text, (size_t)size) : 1;
}

/* ---- locks ------------------------------------------------------------------------------------------------------- */

static epi_status lock_byte(const epi__priorities *in, int byte, short type, bool wait) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    while (fcntl(in->lock_file, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock) != 0) {
        if (errno == EINTR) continue;
        if (!wait && (errno == EAGAIN || errno == EACCES)) return EPI_EBUSY; /* no failure: an answer */
        return epi__fail_errno(MODULE, errno, "locking", in->path);
    }
    return EPI_OK;
}

static epi_status path_with(epi__buffer *path, const char *base, const char *suffix) {
    epi__buffer_append_text(path, base);
    epi__buffer_append_text(path, suffix);
    (void)epi__buffer_text(path);
    return path->failed ? epi__fail_memory(MODULE, strlen(base)) : EPI_OK;
}

static epi_status lock_open(epi__priorities *in) {
    epi__buffer path = {0};
    epi_status status = path_with(&path, in->path, ".lock");
    if (!status) {
        in->lock_file = open(epi__buffer_text(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (in->lock_file < 0) status = epi__fail_errno(MODULE, errno, "opening", epi__buffer_text(&path));
    }
    epi__buffer_dispose(&path);
    if (!status) status = lock_byte(in, BYTE_OPENING, F_WRLCK, true);
    if (status) return status;
    status = lock_byte(in, BYTE_OPEN, F_WRLCK, false);
    if (status && status != EPI_EBUSY) return status;
    in->first = status == EPI_OK;
    return lock_byte(in, BYTE_OPEN, F_RDLCK, true);
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

static void unmap(epi__priorities *in) {
    if (in->head) (void)munmap(in->head, (size_t)in->head->size);
    in->head = NULL;
}

/* A zeroed block in memory: anonymous, or the file, which must not exist. */
static epi_status map_new(void **block, const char *path, size_t size) {
    int file = -1;
    epi_status status = EPI_OK;
    *block = MAP_FAILED;
    if (path) {
        file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (file < 0) return epi__fail_errno(MODULE, errno, "creating", path);
        const int failed = posix_fallocate(file, 0, (off_t)size);
        if (failed) status = epi__fail_errno(MODULE, failed, "making room for", path);
    }
    if (!status) {
        *block = mmap(NULL, size, PROT_READ | PROT_WRITE, path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, file, 0);
        if (*block == MAP_FAILED) status = epi__fail_errno(MODULE, errno, "mapping priorities", path);
        else (void)madvise(*block, size, MADV_HUGEPAGE);
    }
    if (file >= 0) (void)close(file);
    return status;
}

/* Whether the mapped file is a whole block of this system and this sampler. */
static bool is_sound(const epi__priority_head *head, uint64_t size, const epi__priority_kind *kind) {
    if (size < sizeof *head || head->magic != EPI__NAMED_MAGIC || head->boot != boot_id() || !head->ready) return false;
    if (head->kind.space != kind->space || head->kind.nonce != kind->nonce || head->kind.shift != kind->shift)
        return false;
    if (head->kind.shift > 31 || head->capacity == 0 || head->capacity % EPI__SUMTREE_FANOUT != 0) return false;
    return head->capacity <= EPI__SUMTREE_CAPACITY_MAX && head->size == size &&
           head->size == epi__priorities_size(&head->kind, (size_t)head->capacity);
}

/* Maps the file at `path`; EPI_ENOTFOUND without a last error when there is none that can be believed. */
static epi_status map_file(epi__priorities *in) {
    struct stat status;
    const int file = open(in->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return errno == ENOENT ? EPI_ENOTFOUND : epi__fail_errno(MODULE, errno, "opening", in->path);
    void *block = MAP_FAILED;
    uint64_t size = 0;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= (off_t)sizeof(epi__priority_head)) {
        size = (uint64_t)status.st_size;
        block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    }
    (void)close(file);
    if (block == MAP_FAILED) return EPI_ENOTFOUND;
    if (!is_sound(block, size, &in->kind)) {
        (void)munmap(block, size);
        return EPI_ENOTFOUND;
    }
    epi__priorities_view(in, block);
    return EPI_OK;
}

/* What does not depend on the kind of sampler, and keys where both have them. */
static void copy_block(epi__priorities *to, const epi__priorities *from) {
    const size_t count = EPI__MIN(to->capacity, from->capacity);
    memcpy(to->seats, from->seats, (count >> from->shift) * sizeof *to->seats);
    memcpy(to->raw, from->raw, count * sizeof *to->raw);
    if (to->times && from->times) memcpy(to->times, from->times, count * sizeof *to->times);
    if (to->kind.sampler == from->kind.sampler && to->keys) memcpy(to->keys, from->keys, count * sizeof *to->keys);
    to->head->counts = from->head->counts;
    to->head->unflushed = from->head->unflushed;
    to->head->flushed_us = from->head->flushed_us;
    to->head->ready = from->head->ready;
    epi__priorities_rebuild(to);
}

/* A new block of in->kind, with what `from` holds unless it is NULL, and its mutex taken: it has the file's name from
 * here on. */
static epi_status make(epi__priorities *in, const epi__priorities *from, size_t capacity) {
    epi__buffer path = {0};
    void *block = MAP_FAILED;
    const size_t size = epi__priorities_size(&in->kind, capacity);
    epi__priorities made = {.kind = in->kind, .path = in->path, .lock_file = in->lock_file, .first = in->first};
    epi_status status = in->path ? path_with(&path, in->path, ".tmp") : EPI_OK;
    const char *temporary = in->path && !status ? epi__buffer_text(&path) : NULL;
    if (!status) status = map_new(&block, temporary, size);
    if (!status) status = epi__priorities_init(&made, block, capacity);
    if (!status) {
        made.head->boot = boot_id();
        made.head->counts.greatest = 0;
        made.head->flushed_us = epi__clock_monotonic_us();
        if (from) copy_block(&made, from);
        pthread_mutex_lock(&made.head->mutex); /* new: nobody can have it */
        if (temporary && rename(temporary, in->path) != 0) {
            status = epi__fail_errno(MODULE, errno, "putting in place", temporary);
            pthread_mutex_unlock(&made.head->mutex); /* the thread's list of robust mutexes outlives the mapping */
        }
    }
    if (status && temporary) (void)unlink(temporary);
    if (status && block != MAP_FAILED) (void)munmap(block, size);
    if (!status) *in = made;
    epi__buffer_dispose(&path);
    return status;
}

/* Whole chunks, and whole nodes. */
static size_t capacity_for(size_t room, uint32_t shift) {
    const size_t step = EPI__MAX((size_t)1 << shift, (size_t)CAPACITY_STEP);
    return EPI__MIN((room + step - 1) / step * step, (size_t)EPI__SUMTREE_CAPACITY_MAX);
}

static bool has_same_items(const epi__priority_kind *a, const epi__priority_kind *b) {
    return a->length == b->length && a->period == b->period;
}

static bool is_same_kind(const epi__priority_kind *a, const epi__priority_kind *b) {
    return has_same_items(a, b) && a->sampler == b->sampler && a->max_times == b->max_times &&
           !(a->alpha < b->alpha || a->alpha > b->alpha);
}

/* The file is there and can be believed; it becomes a block of the kind that is wanted. */
static epi_status adopt(epi__priorities *in, const epi__priority_kind *kind) {
    in->filled = true;
    if (is_same_kind(&in->kind, kind)) return EPI_OK;
    if (!in->first)
        return epi__fail(EPI_EMISMATCH, MODULE, "the name was in use with sampler %u, alpha %g, max_times_sampled %u, "
                         "sequences of %u every %u steps", (unsigned)in->kind.sampler, in->kind.alpha,
                         (unsigned)in->kind.max_times, (unsigned)in->kind.length, (unsigned)in->kind.period);
    const bool by_time = kind->sampler == EPI_SAMPLER_FIFO || kind->sampler == EPI_SAMPLER_LIFO;
    epi__priorities old = *in;
    in->kind = *kind;
    const bool anew = !has_same_items(&old.kind, kind);
    EPI__TRY(make(in, anew ? NULL : &old, old.capacity));
    in->filled = !anew;
    in->keyless = by_time && !anew && old.kind.sampler != kind->sampler;
    epi__priorities_unlock(in);
    unmap(&old);
    return EPI_OK;
}

epi_status epi__priorities_open(epi__priorities *in, const char *path, const epi__priority_kind *kind, size_t room) {
    *in = (epi__priorities){.kind = *kind, .lock_file = -1, .first = true};
    epi_status status = room <= EPI__SUMTREE_CAPACITY_MAX
                            ? EPI_OK
                            : epi__fail(EPI_ELIMIT, MODULE, "%zu slots passed the limit of %u", room,
                                        EPI__SUMTREE_CAPACITY_MAX);
    if (!status && path) {
        in->path = epi__alloc(strlen(path) + 1);
        if (in->path) memcpy(in->path, path, strlen(path) + 1);
        status = in->path ? lock_open(in) : epi__fail_memory(MODULE, strlen(path));
        if (!status) status = map_file(in);
        if (!status) status = adopt(in, kind);
        else if (status == EPI_ENOTFOUND && in->first) status = EPI_OK;
        else if (status == EPI_ENOTFOUND)
            status = epi__fail(EPI_EBUSY, MODULE, "%s was taken away while another handle used it", path);
    }
    if (!status && !in->head) {
        status = make(in, NULL, capacity_for(EPI__MAX(room, (size_t)1), kind->shift));
        if (!status) epi__priorities_unlock(in);
    }
    if (status) epi__priorities_close(in);
    return status;
}

void epi__priorities_opened(epi__priorities *in) {
    in->head->ready = 1;
    if (in->path) (void)lock_byte(in, BYTE_OPENING, F_UNLCK, true);
}

void epi__priorities_close(epi__priorities *in) {
    unmap(in);
    if (in->lock_file >= 0) (void)close(in->lock_file); /* lets go of its locks */
    epi__free(in->path);
    *in = (epi__priorities){.lock_file = -1};
}

/* ---- growing and locking ----------------------------------------------------------------------------------------- */

epi_status epi__priorities_reserve(epi__priorities *in, size_t room) {
    if (room <= in->capacity) return EPI_OK;
    if (room > EPI__SUMTREE_CAPACITY_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "%zu slots passed the limit of %u", room, EPI__SUMTREE_CAPACITY_MAX);
    epi__priorities old = *in;
    EPI__TRY(make(in, &old, capacity_for(EPI__MAX(room, in->capacity / 4 * 5), in->shift)));
    in->filled = old.filled;
    old.head->moved = 1;
    pthread_mutex_unlock(&old.head->mutex);
    unmap(&old);
    return EPI_OK;
}

epi_status epi__priorities_lock(epi__priorities *in) {
    for (;;) {
        const int failed = pthread_mutex_lock(&in->head->mutex);
        if (failed == EOWNERDEAD) {
            epi__priorities_rebuild(in);
            pthread_mutex_consistent(&in->head->mutex);
        } else if (failed) {
            return epi__fail_errno(MODULE, failed, "locking priorities", in->path);
        }
        if (!in->head->moved) return EPI_OK;
        pthread_mutex_unlock(&in->head->mutex);
        epi__priorities old = *in;
        in->head = NULL;
        epi_status status = map_file(in);
        if (status) {
            *in = old;
            return status == EPI_ENOTFOUND ? epi__fail(EPI_EBUSY, MODULE, "%s was taken away", in->path) : status;
        }
        unmap(&old);
    }
}

void epi__priorities_unlock(epi__priorities *in) {
    pthread_mutex_unlock(&in->head->mutex);
}
