/* map.c - a hash map from 64-bit keys to 64-bit values.
 *
 * Idea: open addressing with linear probing in one array of 16-byte slots. An empty slot is one with key 0; the real
 * key 0 lives in one more slot behind the table, whose key field says whether it is there. So every key and every value
 * is legal and no byte is spent on flags. Removal shifts the entries behind it back, so there are no tombstones and a
 * map that is used for ever stays as fast as a new one.
 * Invariant: between an entry's home slot and the slot it is in there is no empty slot; at most 5/8 of the slots are
 * used.
 * Ownership: the map owns its slots until epi__map_dispose(). A map of all zeros is empty and valid.
 * Source: deletion after Knuth, The Art of Computer Programming 3, 6.4, algorithm R.
 */
#include "base.h"

#define CAPACITY_MIN 16u

struct epi__map_slot {
    uint64_t key;
    uint64_t value;
};

void epi__map_dispose(epi__map *map) {
    epi__free(map->slots);
    *map = (epi__map){0};
}

void epi__map_clear(epi__map *map) {
    if (map->count > 0) memset(map->slots, 0, (map->capacity + 1) * sizeof(map->slots[0]));
    map->count = 0;
}

/* Neighbouring keys, and keys that differ in their high bits only, must land apart. */
static size_t home_of(const epi__map *map, uint64_t key) {
    key ^= key >> 32;
    key *= UINT64_C(0x9E3779B97F4A7C15); /* 2^64 / golden ratio */
    key ^= key >> 32;
    return (size_t)key & (map->capacity - 1);
}

static size_t slot_after(const epi__map *map, size_t slot) {
    return (slot + 1) & (map->capacity - 1);
}

/* The slot that holds the key (not 0), or the empty one where it would go. */
static size_t slot_for(const epi__map *map, uint64_t key) {
    size_t slot = home_of(map, key);
    while (map->slots[slot].key != key && map->slots[slot].key != 0) slot = slot_after(map, slot);
    return slot;
}

/* The slot that holds the key; NULL when it is absent. */
static struct epi__map_slot *find(const epi__map *map, uint64_t key) {
    if (map->capacity == 0) return NULL;
    struct epi__map_slot *slot = &map->slots[key != 0 ? slot_for(map, key) : map->capacity];
    return slot->key != 0 ? slot : NULL;
}

static void fill_from(epi__map *map, const epi__map *old) {
    for (size_t i = 0; i < old->capacity; i++) {
        if (old->slots[i].key != 0) map->slots[slot_for(map, old->slots[i].key)] = old->slots[i];
    }
    if (old->capacity > 0) map->slots[map->capacity] = old->slots[old->capacity];
}

static bool grow(epi__map *map, size_t capacity) {
    struct epi__map_slot *slots = epi__alloc_zero(capacity + 1, sizeof(*slots));
    if (slots == NULL) return false;
    epi__map old = *map;
    map->slots = slots;
    map->capacity = capacity;
    fill_from(map, &old);
    epi__free(old.slots);
    return true;
}

bool epi__map_reserve(epi__map *map, size_t count) {
    size_t capacity = EPI__MAX(map->capacity, CAPACITY_MIN);
    while (count > capacity / 8 * 5) {
        if (capacity > SIZE_MAX / 4) return false;
        capacity *= 2;
    }
    return capacity == map->capacity || grow(map, capacity);
}

bool epi__map_put(epi__map *map, uint64_t key, uint64_t value) {
    struct epi__map_slot *slot = find(map, key);
    if (slot != NULL) {
        slot->value = value;
        return true;
    }
    if (map->count >= map->capacity / 8 * 5 && !epi__map_reserve(map, map->count + 1)) return false;
    size_t at = key != 0 ? slot_for(map, key) : map->capacity;
    map->slots[at] = (struct epi__map_slot){key != 0 ? key : 1, value};
    map->count++;
    return true;
}

bool epi__map_get(const epi__map *map, uint64_t key, uint64_t *value) {
    const struct epi__map_slot *slot = find(map, key);
    if (slot == NULL) return false;
    if (value != NULL) *value = slot->value;
    return true;
}

/* Empties a slot and moves back every entry behind it that the gap would cut off from its home. */
static void close_gap(epi__map *map, size_t gap) {
    for (size_t slot = slot_after(map, gap); map->slots[slot].key != 0; slot = slot_after(map, slot)) {
        size_t home = home_of(map, map->slots[slot].key);
        size_t from_home = (slot - home) & (map->capacity - 1);
        size_t from_gap = (slot - gap) & (map->capacity - 1);
        if (from_home < from_gap) continue; /* its home is behind the gap */
        map->slots[gap] = map->slots[slot];
        gap = slot;
    }
    map->slots[gap] = (struct epi__map_slot){0};
}

bool epi__map_remove(epi__map *map, uint64_t key) {
    struct epi__map_slot *slot = find(map, key);
    if (slot == NULL) return false;
    if (key == 0) {
        *slot = (struct epi__map_slot){0};
    } else {
        close_gap(map, (size_t)(slot - map->slots));
    }
    map->count--;
    return true;
}

bool epi__map_next(const epi__map *map, size_t *at, uint64_t *key, uint64_t *value) {
    for (; map->capacity > 0 && *at <= map->capacity; (*at)++) {
        const struct epi__map_slot *slot = &map->slots[*at];
        if (slot->key == 0) continue;
        *key = *at < map->capacity ? slot->key : 0;
        *value = slot->value;
        (*at)++;
        return true;
    }
    return false;
}
