/* dir.c - the files of a memory directory.
 *
 * Idea: every call opens the directory itself without following a link, then works relative to that descriptor, so what
 * was checked and what is used are one and the same. Files are opened with O_NOFOLLOW and O_NONBLOCK (a FIFO would
 * block for ever) and must then prove to be plain ones.
 *
 * Durability takes four steps, in this order: write the temporary, fsync it, rename it, fsync the directory. Without
 * the second, a crash can leave an empty file under the final name; without the fourth, the old one.
 *
 * The lock is flock(2): bound to the open file, not to the process as fcntl's locks are, so two handles of one process
 * exclude each other and closing some other descriptor of the file does not drop it. Descriptors close on exec.
 */
#include "dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define TEMPORARY_SUFFIX ".tmp"
#define PLAIN_FLAGS (O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

/* ---- directories ------------------------------------------------------------------------------------------------ */

/* The path without the slashes at its end, behind which a link would be followed. */
static epi_status trim_path(char trimmed[PATH_MAX], const char *path) {
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/') size--;
    if (size == 0) return epi__fail(EPI_EINVAL, "store", "the path of a directory was empty");
    if (size >= PATH_MAX)
        return epi__fail(EPI_ELIMIT, "store", "the path of a directory has %zu bytes, limit %d", size, PATH_MAX - 1);
    memcpy(trimmed, path, size);
    trimmed[size] = '\0';
    return EPI_OK;
}

static epi_status open_directory(int *directory, const char *path) {
    char trimmed[PATH_MAX];
    EPI__TRY(trim_path(trimmed, path));
    *directory = open(trimmed, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*directory >= 0) return EPI_OK;
    if (errno == ENOTDIR || errno == ELOOP) { /* ENOTDIR also for a link, and for a parent that is a file */
        struct stat info;
        if (lstat(trimmed, &info) == 0)
            return epi__fail(EPI_ENOTMEMORY, "store", "%s is not a directory%s", path,
                             S_ISLNK(info.st_mode) ? ", but a link, and links are not followed" : "");
        errno = ENOTDIR;
    }
    return epi__fail_errno("store", errno, "opening the directory", path);
}

static epi_status sync_directory(int directory, const char *path) {
    /* EINVAL: a file system that cannot, and has nothing to lose */
    if (fsync(directory) == 0 || errno == EINVAL) return EPI_OK;
    return epi__fail_errno("store", errno, "syncing the directory", path);
}

static epi_status sync_parent(const char *path) {
    int directory = -1, parent = -1;
    EPI__TRY(open_directory(&directory, path));
    epi_status status = EPI_OK;
    parent = openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent >= 0) {
        status = sync_directory(parent, path);
        close(parent);
    } else if (errno != EACCES) { /* a parent that may be searched but not read cannot be synced by us */
        status = epi__fail_errno("store", errno, "opening the parent directory of", path);
    }
    close(directory);
    return status;
}

void epi__dir_guard_standard(void) {
    int file;
    do file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    while (file >= 0 && file <= STDERR_FILENO);
    if (file >= 0) close(file);
}

epi_status epi__dir_make(const char *path) {
    char trimmed[PATH_MAX];
    EPI__TRY(trim_path(trimmed, path));
    if (mkdir(trimmed, 0700) == 0) return sync_parent(path);
    if (errno == EEXIST) return epi__dir_check(path);
    return epi__fail_errno("store", errno, "making the directory", path);
}

epi_status epi__dir_check(const char *path) {
    int directory;
    EPI__TRY(open_directory(&directory, path));
    close(directory);
    return EPI_OK;
}

static bool is_named(const char *name, const char *const *names, size_t count) {
    bool named = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    for (size_t i = 0; i < count && !named; i++) named = strcmp(name, names[i]) == 0;
    return named;
}

epi_status epi__dir_is_empty(bool *empty, const char *path) {
    return epi__dir_holds_only(empty, path, NULL, 0);
}

epi_status epi__dir_holds_only(bool *only, const char *path, const char *const *names, size_t count) {
    *only = false;
    int directory;
    EPI__TRY(open_directory(&directory, path));
    DIR *list = fdopendir(directory);
    if (list == NULL) {
        epi_status status = epi__fail_errno("store", errno, "listing the directory", path);
        close(directory);
        return status;
    }
    bool found = false;
    errno = 0;
    for (struct dirent *entry; !found && (entry = readdir(list)) != NULL;)
        found = !is_named(entry->d_name, names, count);
    int error = errno;
    closedir(list); /* and `directory` with it */
    if (!found && error != 0) return epi__fail_errno("store", error, "listing the directory", path);
    *only = !found;
    return EPI_OK;
}

epi_status epi__dir_identify(epi__dir_identity *identity, const char *path) {
    *identity = (epi__dir_identity){0};
    int directory;
    EPI__TRY(open_directory(&directory, path));
    struct stat info;
    epi_status status = EPI_OK;
    if (fstat(directory, &info) != 0)
        status = epi__fail_errno("store", errno, "looking at the directory", path);
    else
        *identity = (epi__dir_identity){.device = info.st_dev, .inode = info.st_ino};
    close(directory);
    return status;
}

epi_status epi__dir_free_size(uint64_t *size, const char *path) {
    *size = 0;
    struct statvfs info;
    if (statvfs(path, &info) != 0) return epi__fail_errno("store", errno, "looking for free space in", path);
    *size = (uint64_t)info.f_bavail * info.f_frsize;
    return EPI_OK;
}

char *epi__dir_join(const char *directory, const char *name) {
    size_t size = strlen(directory) + 1 + strlen(name) + 1;
    char *path = epi__alloc(size);
    if (path != NULL) (void)snprintf(path, size, "%s/%s", directory, name);
    return path;
}

/* ---- opening files ---------------------------------------------------------------------------------------------- */

static epi_status fail_file(const char *what, const char *directory, const char *name) {
    int error = errno;
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (error == ELOOP || error == ENXIO || error == EISDIR)
        return epi__fail(EPI_ENOTMEMORY, "store", "%s is not a plain file", path);
    return epi__fail_errno("store", error, what, path);
}

static epi_status check_name(const char *name) {
    if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return epi__fail(EPI_EINVAL, "store", "\"%s\" is not the name of a file", name);
    if (strlen(name) > EPI__DIR_NAME_MAX)
        return epi__fail(EPI_ELIMIT, "store", "the name of a file has %zu bytes, limit %u", strlen(name),
                         EPI__DIR_NAME_MAX);
    return EPI_OK;
}

static epi_status open_at(int *file, int directory, const char *path, const char *name, int flags) {
    *file = -1;
    int opened = openat(directory, name, flags | PLAIN_FLAGS, 0600);
    if (opened < 0) return fail_file("opening", path, name);
    struct stat info;
    epi_status status = EPI_OK;
    if (fstat(opened, &info) != 0) {
        status = fail_file("looking at", path, name);
    } else if (!S_ISREG(info.st_mode)) {
        errno = EISDIR;
        status = fail_file("opening", path, name);
    }
    if (status == EPI_OK)
        *file = opened;
    else
        close(opened);
    return status;
}

static epi_status open_file(int *file, const char *directory, const char *name, int flags) {
    *file = -1;
    EPI__TRY(check_name(name));
    int opened;
    EPI__TRY(open_directory(&opened, directory));
    epi_status status = open_at(file, opened, directory, name, flags);
    close(opened);
    return status;
}

epi_status epi__dir_file_open(int *file, const char *directory, const char *name) {
    return open_file(file, directory, name, O_RDONLY);
}

epi_status epi__dir_file_size(uint64_t *size, const char *directory, const char *name) {
    *size = 0;
    EPI__TRY(check_name(name));
    int opened;
    EPI__TRY(open_directory(&opened, directory));
    struct stat info;
    epi_status status = EPI_OK;
    if (fstatat(opened, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        status = fail_file("looking at", directory, name);
    } else if (!S_ISREG(info.st_mode)) {
        errno = EISDIR;
        status = fail_file("looking at", directory, name);
    } else {
        *size = (uint64_t)info.st_size;
    }
    close(opened);
    return status;
}

/* ---- reading and writing ---------------------------------------------------------------------------------------- */

/* Reads to the end of the file; -1 with errno, or the size, which may be one more than size_max. */
static ssize_t read_whole(int file, epi__buffer *content, size_t size_max) {
    char block[4096];
    size_t size = 0;
    while (size <= size_max) {
        ssize_t got = read(file, block, EPI__MIN(sizeof(block), size_max - size + 1));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        epi__buffer_append(content, block, (size_t)got);
        size += (size_t)got;
    }
    return (ssize_t)size;
}

epi_status epi__dir_file_read(epi__buffer *content, const char *directory, const char *name, size_t size_max) {
    int file;
    EPI__TRY(epi__dir_file_open(&file, directory, name));
    ssize_t size = read_whole(file, content, size_max);
    epi_status status = size < 0 ? fail_file("reading", directory, name) : EPI_OK;
    close(file);
    if (status != EPI_OK) return status;
    if ((size_t)size > size_max)
        return epi__fail(EPI_ELIMIT, "store", "%s/%s has more than %zu bytes", directory, name, size_max);
    return content->failed ? epi__fail_memory("store", (size_t)size) : EPI_OK;
}

static bool write_whole(int file, const void *data, size_t size) {
    const char *next = data;
    while (size > 0) {
        ssize_t written = write(file, next, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        next += written, size -= (size_t)written;
    }
    return true;
}

/* Makes `from` durable, then gives it the name `to`, then makes that durable. */
static epi_status replace_at(int directory, const char *path, const char *from, const char *to) {
    int file;
    EPI__TRY(open_at(&file, directory, path, from, O_RDONLY));
    epi_status status = fsync(file) == 0 ? EPI_OK : fail_file("syncing", path, from);
    close(file);
    if (status != EPI_OK) return status;
    if (renameat(directory, from, directory, to) != 0) return fail_file("renaming a temporary to", path, to);
    return sync_directory(directory, path);
}

static epi_status write_at(int directory, const char *path, const char *name, const void *data, size_t size) {
    int file;
    EPI__TRY(open_at(&file, directory, path, name, O_WRONLY | O_CREAT | O_TRUNC));
    epi_status status = write_whole(file, data, size) ? EPI_OK : fail_file("writing", path, name);
    if (close(file) != 0 && status == EPI_OK) status = fail_file("writing", path, name);
    return status;
}

epi_status epi__dir_file_write(const char *directory, const char *name, const void *data, size_t size) {
    EPI__TRY(check_name(name));
    char temporary[EPI__DIR_NAME_MAX + sizeof(TEMPORARY_SUFFIX)];
    (void)snprintf(temporary, sizeof(temporary), "%s" TEMPORARY_SUFFIX, name);
    int opened;
    EPI__TRY(open_directory(&opened, directory));
    epi_status status = write_at(opened, directory, temporary, data, size);
    if (status == EPI_OK) status = replace_at(opened, directory, temporary, name);
    if (status != EPI_OK) unlinkat(opened, temporary, 0);
    close(opened);
    return status;
}

epi_status epi__dir_file_replace(const char *directory, const char *from, const char *to) {
    EPI__TRY(check_name(from));
    EPI__TRY(check_name(to));
    int opened;
    EPI__TRY(open_directory(&opened, directory));
    epi_status status = replace_at(opened, directory, from, to);
    close(opened);
    return status;
}

epi_status epi__dir_file_sync(const char *directory, const char *name) {
    EPI__TRY(check_name(name));
    int opened, file;
    EPI__TRY(open_directory(&opened, directory));
    epi_status status = open_at(&file, opened, directory, name, O_RDONLY);
    if (status == EPI_OK) {
        status = fsync(file) == 0 ? sync_directory(opened, directory) : fail_file("syncing", directory, name);
        close(file);
    }
    close(opened);
    return status;
}

epi_status epi__dir_file_remove(const char *directory, const char *name) {
    EPI__TRY(check_name(name));
    int opened;
    EPI__TRY(open_directory(&opened, directory));
    epi_status status = unlinkat(opened, name, 0) == 0 ? sync_directory(opened, directory)
                                                       : fail_file("removing", directory, name);
    close(opened);
    return status;
}

/* ---- removing, reserving, locking ------------------------------------------------------------------------------- */

static epi_status unlink_both(int directory, const char *path, const char *name) {
    char temporary[EPI__DIR_NAME_MAX + sizeof(TEMPORARY_SUFFIX)];
    EPI__TRY(check_name(name));
    (void)snprintf(temporary, sizeof(temporary), "%s" TEMPORARY_SUFFIX, name);
    if (unlinkat(directory, name, 0) != 0 && errno != ENOENT) return fail_file("removing", path, name);
    if (unlinkat(directory, temporary, 0) != 0 && errno != ENOENT) return fail_file("removing", path, temporary);
    return EPI_OK;
}

epi_status epi__dir_remove_flat(const char *path, const char *const *names, size_t count) {
    char trimmed[PATH_MAX];
    EPI__TRY(trim_path(trimmed, path));
    int directory;
    EPI__TRY(open_directory(&directory, path));
    epi_status status = EPI_OK;
    for (size_t i = 0; status == EPI_OK && i < count; i++) status = unlink_both(directory, path, names[i]);
    close(directory);
    if (status != EPI_OK || rmdir(trimmed) == 0) return status;
    if (errno == ENOTEMPTY || errno == EEXIST)
        return epi__fail(EPI_ENOTMEMORY, "store", "%s holds files that are not a memory's; it was left", path);
    return epi__fail_errno("store", errno, "removing the directory", path);
}

epi_status epi__dir_remove_all(const char *path, const char *pattern) {
    int directory, error = 0;
    EPI__TRY(open_directory(&directory, path));
    DIR *list = fdopendir(directory);
    if (list == NULL) {
        error = errno;
        close(directory);
        return epi__fail_errno("store", error, "listing the directory", path);
    }
    for (struct dirent *entry; error == 0 && (entry = readdir(list)) != NULL;)
        if (fnmatch(pattern, entry->d_name, 0) == 0 && unlinkat(directory, entry->d_name, 0) != 0 && errno != ENOENT)
            error = errno;
    epi_status status = error ? epi__fail_errno("store", error, "removing files of", path)
                              : sync_directory(directory, path);
    closedir(list); /* and `directory` with it */
    return status;
}

/* 0 or an errno value. */
static int fill(int file, uint64_t size) {
    struct stat info;
    if (size > INT64_MAX) return EFBIG;
    if (fstat(file, &info) != 0) return errno;
    if ((uint64_t)info.st_size >= size && (uint64_t)info.st_blocks * 512 >= size) return 0;
    int error;
    do {
        error = size == 0 ? 0 : posix_fallocate(file, 0, (off_t)size);
    } while (error == EINTR);
    return error == 0 && fsync(file) != 0 ? errno : error;
}

epi_status epi__dir_file_reserve(const char *directory, const char *name, uint64_t size) {
    EPI__TRY(check_name(name));
    int opened, file;
    EPI__TRY(open_directory(&opened, directory));
    epi_status status = open_at(&file, opened, directory, name, O_RDWR | O_CREAT);
    if (status == EPI_OK) {
        errno = fill(file, size);
        if (errno != 0) {
            status = fail_file("reserving space for", directory, name);
            unlinkat(opened, name, 0);
        } else {
            status = sync_directory(opened, directory);
        }
        close(file);
    }
    close(opened);
    return status;
}

epi_status epi__dir_lock_take(epi__dir_lock *lock, const char *directory, const char *name) {
    *lock = EPI__DIR_LOCK_NONE;
    int file;
    EPI__TRY(open_file(&file, directory, name, O_RDWR | O_CREAT));
    int taken;
    do {
        taken = flock(file, LOCK_EX | LOCK_NB);
    } while (taken != 0 && errno == EINTR);
    if (taken == 0) {
        lock->file = file;
        return EPI_OK;
    }
    epi_status status = errno == EWOULDBLOCK
                            ? epi__fail(EPI_EBUSY, "store", "%s/%s was locked by another handle", directory, name)
                            : fail_file("locking", directory, name);
    close(file);
    return status;
}

void epi__dir_lock_release(epi__dir_lock *lock) {
    if (lock->file >= 0) close(lock->file);
    lock->file = -1;
}
