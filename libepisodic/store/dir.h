/* dir.h - the files of a memory directory, behind one door.
 *
 * A file is named by its directory and a plain name within it, never by a path that was put together elsewhere. Links,
 * FIFOs, sockets and devices are refused wherever a directory or a file is expected (EPI_ENOTMEMORY): they are how
 * someone else's file would be read or overwritten. Directories are made with mode 0700, files with 0600.
 *
 * EPI_ENOTFOUND from a function here always has a message. Any call may also return EPI_EPERMISSION, EPI_EIO or
 * EPI_ENOMEM.
 */
#ifndef EPI_STORE_DIR_H
#define EPI_STORE_DIR_H

#include "../base/base.h"

#define EPI__DIR_NAME_MAX 63u /* bytes of a file's name, its NUL not counted */

/* ---- directories ------------------------------------------------------------------------------------------------ */

/* Of descriptors 0, 1 and 2, those that the program has closed are taken, for /dev/null: a file of a memory that got
 * one would be written into by the next message that the program prints. */
void epi__dir_guard_standard(void);

/* Makes the directory if it is missing (its parents must be there) and makes its entry durable.
 * EPI_ENOTMEMORY something else has that name · EPI_ENOTFOUND no parent · EPI_EDISKFULL */
epi_status epi__dir_make(const char *path);

/* EPI_OK for a directory · EPI_ENOTFOUND nothing there · EPI_ENOTMEMORY something else. */
epi_status epi__dir_check(const char *path);

/* *empty: nothing but "." and "..". */
epi_status epi__dir_is_empty(bool *empty, const char *path);
/* *only: nothing but the named entries, of which any may be missing. */
epi_status epi__dir_holds_only(bool *only, const char *path, const char *const *names, size_t count);

/* Removes a directory that holds no more than the named files and their temporaries; files that are missing are no
 * error. EPI_ENOTMEMORY it holds something else: then the named files are gone and the directory is still there. */
epi_status epi__dir_remove_flat(const char *path, const char *const *names, size_t count);

/* Removes every file whose name matches, as a shell's would: "*.vectors". */
epi_status epi__dir_remove_all(const char *path, const char *pattern);

typedef struct epi__dir_identity {
    uint64_t device;
    uint64_t inode;
} epi__dir_identity;

/* What tells two paths of one directory from two directories. */
epi_status epi__dir_identify(epi__dir_identity *identity, const char *path);

/* Bytes that an ordinary user may still write to the file system that holds `path`. */
epi_status epi__dir_free_size(uint64_t *size, const char *path);

/* directory/name on the heap, freed with epi__free; NULL when out of memory. */
char *epi__dir_join(const char *directory, const char *name);

/* ---- files ------------------------------------------------------------------------------------------------------ */

/* Opens a plain file for reading; the caller closes *file. */
epi_status epi__dir_file_open(int *file, const char *directory, const char *name);
epi_status epi__dir_file_size(uint64_t *size, const char *directory, const char *name);

/* Appends the whole file to `content`. EPI_ELIMIT it has more than size_max bytes. */
epi_status epi__dir_file_read(epi__buffer *content, const char *directory, const char *name, size_t size_max);

/* Replaces the file's content at once: after a crash at any moment it has the old content or the new, and the new one
 * once this has returned EPI_OK. Uses the temporary <name>.tmp, so two writers of one name must exclude each other.
 * EPI_EDISKFULL leaves the old file and no temporary. */
epi_status epi__dir_file_write(const char *directory, const char *name, const void *data, size_t size);

/* The last step of such a write when the caller has written the file `from` itself: makes its bytes durable, then
 * gives it the name `to`, then makes that durable. */
epi_status epi__dir_file_replace(const char *directory, const char *from, const char *to);

/* EPI_ENOTFOUND there is no such file. Durable on EPI_OK. */
epi_status epi__dir_file_remove(const char *directory, const char *name);

/* Makes a file's bytes durable, and its entry in the directory. */
epi_status epi__dir_file_sync(const char *directory, const char *name);

/* A ballast: a file whose blocks are really taken, so that removing it gives a full disk room to work with. One that is
 * there already and is large enough is left as it is. EPI_EDISKFULL leaves no file. */
epi_status epi__dir_file_reserve(const char *directory, const char *name, uint64_t size);

/* ---- the lock file ---------------------------------------------------------------------------------------------- */

typedef struct epi__dir_lock {
    int file; /* -1: not held */
} epi__dir_lock;

#define EPI__DIR_LOCK_NONE ((epi__dir_lock){.file = -1})

/* Takes an advisory lock, or says EPI_EBUSY at once: another handle, of this process or another one, has it. The kernel
 * drops it when its holder dies. The file stays. Not to be used on LMDB's lock.mdb. */
epi_status epi__dir_lock_take(epi__dir_lock *lock, const char *directory, const char *name);
void epi__dir_lock_release(epi__dir_lock *lock); /* a lock that is not held is let be */

#endif
