/* handle.h - what is behind the public handles, and the check that each call begins with.
 *
 * A memory handle is counted: its spaces hold it, and theirs hold them, so that closing in any order is safe. A call on
 * a handle whose memory was closed is EPI_ECLOSED.
 */
#ifndef EPI_MEMORY_HANDLE_H
#define EPI_MEMORY_HANDLE_H

#include <stdatomic.h>

#include <episodic/episode.h>

#include "mirror.h"

struct epi_memory {
    epi__store *store;
    atomic_uint references;
    atomic_bool closed;
};

struct epi_space {
    epi_memory *memory;
    epi__mirror *mirror;
    atomic_uint references; /* the caller's, and one for each episode */
    atomic_bool closed;
};

epi_status epi__memory_check_handle(const epi_memory *memory);
epi_status epi__space_check_handle(const epi_space *space);
void epi__space_release(epi_space *space);

#endif
