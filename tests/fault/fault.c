/* fault.c - see fault.h. The build links what this file wraps with --wrap. */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static bool cxx_counts;
static atomic_uint flushes;

static struct {
    bool armed, paused, for_ever, struck;
    int error;   /* ENOMEM: of an allocation, else of a system call */
    size_t left; /* that still succeed */
} fault;

void fault_arm(int error, size_t k, bool for_ever) {
    fault.error = error;
    fault.left = k - 1;
    fault.for_ever = for_ever;
    fault.struck = false;
    fault.armed = true;
}

bool fault_disarm(void) {
    fault.armed = false;
    return fault.struck;
}

int fault_struck(void) {
    return fault.struck ? fault.error : 0;
}

void fault_take_cxx(bool taken) {
    cxx_counts = taken;
}

size_t fault_next(size_t k) {
    return getenv("EPISODIC_TEST_THOROUGH") || k < 100 ? k + 1 : k + k / 12;
}

void fault_pause(bool paused) {
    fault.paused = paused;
}

unsigned fault_flushes(void) {
    return atomic_exchange(&flushes, 0);
}

void fault_expect_named(const char *call, size_t k, epi_status status) {
    const epi_status expected = fault.error == ENOMEM   ? EPI_ENOMEM
                                : fault.error == ENOSPC ? EPI_EDISKFULL
                                                        : EPI_EIO;
    if (status == EPI_OK) return;
    assert_true(strlen(epi_error_last()->message) > 0);
    if (fault.struck && status == expected) return;
    if (fault.struck && status == EPI_EIO && fault.error == ENOSPC) return; /* LMDB tells EIO of a short write */
    fail_msg("%s, %s %zu: %s (%s)", call, fault.error == ENOMEM ? "allocation" : "system call", k,
             epi_status_name(status), epi_error_last()->message);
}

static bool must_fail(bool allocation) {
    if (!fault.armed || fault.paused || allocation != (fault.error == ENOMEM)) return false;
    if (fault.left > 0) {
        fault.left--;
        return false;
    }
    fault.struck = true;
    fault.armed = fault.for_ever;
    errno = fault.error;
    return true;
}

/* ---- allocations ------------------------------------------------------------------------------------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_realpath(const char *path, char *resolved);
void *__real_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_realpath(const char *path, char *resolved);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);

void *__wrap_malloc(size_t size) {
    return must_fail(true) ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
    return must_fail(true) ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *memory, size_t size) {
    return must_fail(true) ? NULL : __real_realloc(memory, size);
}
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size) {
    return must_fail(true) ? ENOMEM : __real_posix_memalign(memory, alignment, size);
}
char *__wrap_strdup(const char *text) {
    return must_fail(true) ? NULL : __real_strdup(text);
}
char *__wrap_realpath(const char *path, char *resolved) {
    return must_fail(true) ? NULL : __real_realpath(path, resolved);
}
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
    return must_fail(true) ? MAP_FAILED : __real_mmap(address, size, protection, flags, file, offset);
}

/* What C++ calls operator new and delete, by the names that the linker knows; visible, so that libstdc++ takes them
 * too. */
#pragma GCC visibility push(default)
void throw_bad_alloc(void) __asm__("_ZSt17__throw_bad_allocv");
void *operator_new(size_t size) __asm__("_Znwm");
void *operator_new_array(size_t size) __asm__("_Znam");
void operator_delete(void *memory) __asm__("_ZdlPv");
void operator_delete_sized(void *memory, size_t size) __asm__("_ZdlPvm");
void operator_delete_array(void *memory) __asm__("_ZdaPv");

void *operator_new(size_t size) {
    void *memory = cxx_counts && must_fail(true) ? NULL : __real_malloc(size ? size : 1);
    if (!memory) throw_bad_alloc();
    return memory;
}
void *operator_new_array(size_t size) {
    return operator_new(size);
}
void operator_delete(void *memory) {
    free(memory);
}
void operator_delete_sized(void *memory, size_t size) {
    (void)size;
    free(memory);
}
void operator_delete_array(void *memory) {
    free(memory);
}
#pragma GCC visibility pop

/* ---- system calls ------------------------------------------------------------------------------------------------ */

ssize_t __real_pwrite(int file, const void *data, size_t size, off_t offset);
ssize_t __real_pwritev(int file, const struct iovec *parts, int count, off_t offset);
ssize_t __real_writev(int file, const struct iovec *parts, int count);
ssize_t __real_write(int file, const void *data, size_t size);
int __real_fdatasync(int file);
int __real_fsync(int file);
int __real_ftruncate(int file, off_t size);
int __real_posix_fallocate(int file, off_t offset, off_t size);
int __real_renameat(int from, const char *old, int to, const char *new);
int __real_rename(const char *old, const char *new);
int __real_mkdir(const char *path, mode_t mode);
int __real_open(const char *path, int flags, ...);
int __real_openat(int directory, const char *path, int flags, ...);
ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwritev(int file, const struct iovec *parts, int count, off_t offset);
ssize_t __wrap_writev(int file, const struct iovec *parts, int count);
ssize_t __wrap_write(int file, const void *data, size_t size);
int __wrap_fdatasync(int file);
int __wrap_fsync(int file);
int __wrap_ftruncate(int file, off_t size);
int __wrap_posix_fallocate(int file, off_t offset, off_t size);
int __wrap_renameat(int from, const char *old, int to, const char *new);
int __wrap_rename(const char *old, const char *new);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_open(const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...);

ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t offset) {
    return must_fail(false) ? -1 : __real_pwrite(file, data, size, offset);
}
ssize_t __wrap_pwritev(int file, const struct iovec *parts, int count, off_t offset) {
    return must_fail(false) ? -1 : __real_pwritev(file, parts, count, offset);
}
ssize_t __wrap_writev(int file, const struct iovec *parts, int count) {
    return must_fail(false) ? -1 : __real_writev(file, parts, count);
}
ssize_t __wrap_write(int file, const void *data, size_t size) {
    return must_fail(false) ? -1 : __real_write(file, data, size);
}
int __wrap_fdatasync(int file) {
    atomic_fetch_add(&flushes, 1);
    return must_fail(false) ? -1 : __real_fdatasync(file);
}
int __wrap_fsync(int file) {
    return must_fail(false) ? -1 : __real_fsync(file);
}
int __wrap_ftruncate(int file, off_t size) {
    return must_fail(false) ? -1 : __real_ftruncate(file, size);
}
int __wrap_posix_fallocate(int file, off_t offset, off_t size) {
    return must_fail(false) ? fault.error : __real_posix_fallocate(file, offset, size);
}
int __wrap_renameat(int from, const char *old, int to, const char *new) {
    return must_fail(false) ? -1 : __real_renameat(from, old, to, new);
}
int __wrap_rename(const char *old, const char *new) {
    return must_fail(false) ? -1 : __real_rename(old, new);
}
int __wrap_mkdir(const char *path, mode_t mode) {
    return must_fail(false) ? -1 : __real_mkdir(path, mode);
}
int __wrap_open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return must_fail(false) ? -1 : __real_open(path, flags, mode);
}
int __wrap_openat(int directory, const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return must_fail(false) ? -1 : __real_openat(directory, path, flags, mode);
}
