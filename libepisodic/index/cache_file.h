/* cache_file.h - the file operations behind cache.c: positioned reads, and a replacement that is all or nothing. */
#ifndef EPI_INDEX_CACHE_FILE_H
#define EPI_INDEX_CACHE_FILE_H

#include "../base/base.h"

epi_status epi__cache_file_open(int *file, uint64_t *size, const char *path);
/* EPI_EDAMAGED when the file ends before `size` bytes are read. */
epi_status epi__cache_file_read(int file, void *data, size_t size, uint64_t offset);

/* A file being written beside the one it will replace. One writer at a time: EPI_EBUSY for a second one. */
typedef struct epi__cache_writer {
    int file;
    const char *path;
    char *temporary; /* path + ".tmp" */
} epi__cache_writer;

epi_status epi__cache_writer_open(epi__cache_writer *writer, const char *path);
epi_status epi__cache_writer_write(epi__cache_writer *writer, const void *data, size_t size);
/* Makes the bytes durable and puts them in the place of the old file. */
epi_status epi__cache_writer_publish(epi__cache_writer *writer);
/* Always after open, published or not. */
void epi__cache_writer_close(epi__cache_writer *writer);

#endif
