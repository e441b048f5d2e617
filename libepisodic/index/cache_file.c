/* cache_file.c - reading and replacing the index's cache file.
 *
 * Idea: the new content goes into "<path>.tmp", is flushed, and takes the place of the old file by rename, whose
 * directory is flushed too; a crash leaves the old file or the new one, and perhaps a temporary that the next writer
 * reuses. The temporary has one name, so that crashes do not pile up files, and is locked, so that two processes do
 * not write it both.
 */
#include "cache_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".tmp"

static void close_file(int *file) {
    if (*file >= 0) (void)close(*file);
    *file = -1;
}

epi_status epi__cache_file_open(int *file, uint64_t *size, const char *path) {
    struct stat status;
    *size = 0;
    *file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (*file < 0) return epi__fail_errno("index", errno, "opening", path);
    if (fstat(*file, &status) == 0 && S_ISREG(status.st_mode)) {
        *size = (uint64_t)status.st_size;
        return EPI_OK;
    }
    close_file(file);
    return epi__fail(EPI_EDAMAGED, "index", "%s is not a file", path);
}

epi_status epi__cache_file_read(int file, void *data, size_t size, uint64_t offset) {
    uint8_t *at = data;
    while (size > 0) {
        const ssize_t got = pread(file, at, EPI__MIN(size, (size_t)1 << 30), (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return epi__fail_errno("index", errno, "reading the index file", NULL);
        if (got == 0) return epi__fail(EPI_EDAMAGED, "index", "the index file ended %zu bytes early", size);
        at += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return EPI_OK;
}

static bool is_same_file(int file, const char *path) {
    struct stat opened, named;
    return fstat(file, &opened) == 0 && lstat(path, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

/* Opens the temporary alone. Between opening and locking, its former writer may have published it under its other name;
 * then what is locked is no longer the temporary. */
static epi_status open_temporary(epi__cache_writer *writer) {
    writer->file = open(writer->temporary, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (writer->file < 0) return epi__fail_errno("index", errno, "creating", writer->temporary);
    if (flock(writer->file, LOCK_EX | LOCK_NB) != 0 || !is_same_file(writer->file, writer->temporary)) {
        close_file(&writer->file);
        return epi__fail(EPI_EBUSY, "index", "%s was being written by another process", writer->temporary);
    }
    if (ftruncate(writer->file, 0) != 0) return epi__fail_errno("index", errno, "emptying", writer->temporary);
    return EPI_OK;
}

epi_status epi__cache_writer_open(epi__cache_writer *writer, const char *path) {
    const size_t length = strlen(path);
    *writer = (epi__cache_writer){.file = -1, .path = path};
    writer->temporary = epi__alloc(length + sizeof SUFFIX);
    if (writer->temporary == NULL) return epi__fail_memory("index", length + sizeof SUFFIX);
    memcpy(writer->temporary, path, length);
    memcpy(writer->temporary + length, SUFFIX, sizeof SUFFIX);
    return open_temporary(writer);
}

epi_status epi__cache_writer_write(epi__cache_writer *writer, const void *data, size_t size) {
    const uint8_t *at = data;
    while (size > 0) {
        const ssize_t put = write(writer->file, at, EPI__MIN(size, (size_t)1 << 30));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return epi__fail_errno("index", errno, "writing", writer->temporary);
        at += put;
        size -= (size_t)put;
    }
    return EPI_OK;
}

static epi_status sync_directory_of(const char *path) {
    const char *slash = strrchr(path, '/');
    const size_t size = slash == NULL || slash == path ? 1 : (size_t)(slash - path);
    char *directory = epi__alloc_zero(size + 1, 1);
    if (directory == NULL) return epi__fail_memory("index", size);
    memcpy(directory, slash != NULL ? path : ".", size);
    int file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = file >= 0 && fsync(file) == 0;
    const epi_status status = synced ? EPI_OK : epi__fail_errno("index", errno, "flushing", directory);
    close_file(&file);
    epi__free(directory);
    return status;
}

epi_status epi__cache_writer_publish(epi__cache_writer *writer) {
    if (fsync(writer->file) != 0) return epi__fail_errno("index", errno, "flushing", writer->temporary);
    if (rename(writer->temporary, writer->path) != 0)
        return epi__fail_errno("index", errno, "renaming", writer->temporary);
    epi__free(writer->temporary);
    writer->temporary = NULL; /* it has the other name now */
    return sync_directory_of(writer->path);
}

void epi__cache_writer_close(epi__cache_writer *writer) {
    if (writer->file >= 0 && writer->temporary != NULL) (void)unlink(writer->temporary);
    close_file(&writer->file);
    epi__free(writer->temporary);
    writer->temporary = NULL;
}
