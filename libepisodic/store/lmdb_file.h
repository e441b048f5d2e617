/* lmdb_file.h - looks at data.mdb before LMDB maps it. Knows LMDB's format, not its library. */
#ifndef EPI_STORE_LMDB_FILE_H
#define EPI_STORE_LMDB_FILE_H

#include "../base/base.h"

typedef enum epi__lmdb_file_state {
    EPI__LMDB_FILE_ABSENT, /* no data.mdb */
    EPI__LMDB_FILE_EMPTY,  /* zero bytes: a creation was interrupted, or is going on in another process */
    EPI__LMDB_FILE_WHOLE   /* both meta pages are good and every page in use lies within the file */
} epi__lmdb_file_state;

/* Judges directory/data.mdb and refuses a lock.mdb that is no plain file.
 * EPI_EDAMAGED no LMDB file, or cut · EPI_EVERSION another format · EPI_ENOTMEMORY a link, FIFO or the like ·
 * EPI_EPERMISSION · EPI_EIO */
epi_status epi__lmdb_file_check(epi__lmdb_file_state *state, const char *directory);

#endif
