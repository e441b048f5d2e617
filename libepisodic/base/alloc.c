/* alloc.c - the heap's one door.
 *
 * Idea: all of the library's own memory comes through here, so that overflow is checked once and a fault test can fail
 * any allocation by wrapping four libc functions.
 * Invariant: a size of 0 gives a pointer that can be freed, so NULL always means failure.
 * Ownership: the caller's, until epi__free().
 */
#include "base.h"

#include <stdlib.h>

/* Sizes past PTRDIFF_MAX cannot be indexed, so they are refused before the allocator sees them. */
static bool fits(size_t count, size_t size) {
    return size == 0 || count <= (size_t)PTRDIFF_MAX / size;
}

void *epi__alloc(size_t size) {
    if (!fits(1, size)) return NULL;
    return malloc(size > 0 ? size : 1);
}

void *epi__alloc_zero(size_t count, size_t size) {
    if (!fits(count, size)) return NULL;
    return count > 0 && size > 0 ? calloc(count, size) : calloc(1, 1);
}

void *epi__realloc(void *memory, size_t count, size_t size) {
    if (!fits(count, size)) return NULL;
    return realloc(memory, count * size > 0 ? count * size : 1);
}

void *epi__alloc_aligned(size_t alignment, size_t size) {
    assert(alignment > 0 && (alignment & (alignment - 1)) == 0);
    if (!fits(1, size)) return NULL;
    void *memory = NULL;
    if (posix_memalign(&memory, EPI__MAX(alignment, sizeof(void *)), size > 0 ? size : 1) != 0) return NULL;
    return memory;
}

void epi__free(void *memory) {
    free(memory);
}
