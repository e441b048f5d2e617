/* arena.c - many small allocations that die together: what results are made of.
 *
 * Idea: blocks that double from 4 KiB to 1 MiB, each handed out front to back. What is large beside a block gets a
 * block of its own, linked behind the newest, so that the newest goes on being filled.
 * Invariant: `blocks` is the block being filled and `used` its fill, a multiple of 16; `total` is the bytes of all
 * blocks.
 * Ownership: the arena owns all it gave out until epi__arena_dispose(). An arena of all zeros is empty and valid.
 */
#include "base.h"

#include <stdalign.h>

#define ALIGNMENT 16u
#define BLOCK_SIZE_MIN 4096u
#define BLOCK_SIZE_MAX (1024u * 1024u)

struct epi__arena_block {
    struct epi__arena_block *next;
    size_t size;
    alignas(ALIGNMENT) uint8_t data[];
};

static_assert(alignof(max_align_t) >= ALIGNMENT, "the heap gives blocks the alignment the arena promises");

void epi__arena_dispose(epi__arena *arena) {
    for (struct epi__arena_block *block = arena->blocks; block != NULL;) {
        struct epi__arena_block *next = block->next;
        epi__free(block);
        block = next;
    }
    *arena = (epi__arena){0};
}

static struct epi__arena_block *new_block(epi__arena *arena, size_t size) {
    if (size > SIZE_MAX - sizeof(struct epi__arena_block)) return NULL;
    struct epi__arena_block *block = epi__realloc(NULL, 1, sizeof(*block) + size);
    if (block == NULL) return NULL;
    block->next = NULL;
    block->size = size;
    arena->total += size;
    return block;
}

static void *alloc_apart(epi__arena *arena, size_t size) {
    struct epi__arena_block *block = new_block(arena, size);
    if (block == NULL) return NULL;
    block->next = arena->blocks->next;
    arena->blocks->next = block;
    return block->data;
}

static void *alloc_in_new_block(epi__arena *arena, size_t size) {
    size_t usual = EPI__MIN(EPI__MAX(arena->total, BLOCK_SIZE_MIN), BLOCK_SIZE_MAX);
    if (size > usual / 4 && arena->blocks != NULL) return alloc_apart(arena, size);
    struct epi__arena_block *block = new_block(arena, EPI__MAX(size, usual));
    if (block == NULL) return NULL;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->used = size;
    return block->data;
}

/* What an allocation takes; SIZE_MAX: too much. */
static size_t bytes_of(size_t count, size_t size) {
    if (size > 0 && count > (PTRDIFF_MAX - ALIGNMENT) / size) return SIZE_MAX;
    return (EPI__MAX(count * size, 1u) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* Not cleared. */
static void *take(epi__arena *arena, size_t bytes) {
    if (bytes == SIZE_MAX) return NULL;
    if (arena->blocks == NULL || bytes > arena->blocks->size - arena->used) return alloc_in_new_block(arena, bytes);
    void *memory = arena->blocks->data + arena->used;
    arena->used += bytes;
    return memory;
}

void *epi__arena_alloc(epi__arena *arena, size_t count, size_t size) {
    const size_t bytes = bytes_of(count, size);
    void *memory = take(arena, bytes);
    return memory != NULL ? memset(memory, 0, bytes) : NULL;
}

void *epi__arena_copy(epi__arena *arena, const void *data, size_t size) {
    void *memory = take(arena, bytes_of(size, 1));
    if (memory != NULL && size > 0) memcpy(memory, data, size);
    return memory;
}

char *epi__arena_text(epi__arena *arena, const void *data, size_t size) {
    if (size == SIZE_MAX) return NULL;
    char *text = take(arena, bytes_of(size + 1, 1));
    if (text == NULL) return NULL;
    if (size > 0) memcpy(text, data, size);
    text[size] = '\0';
    return text;
}
