/* postings.c - block postings under plain keys; the layout is told in lexical.h.
 *
 * The newest block of a term lives in its TERM record, so that a seal reads and writes one record a term. When that
 * block outgrows EPI__BLOCK_SIZE its older part goes to POSTING records, which change again only by late or removed
 * steps. The blocks of a term never overlap, and the newest is never empty: when its last step is removed, the POSTING
 * record before it takes its place.
 */
#include <stdlib.h>

#include "lexical.h"

#define MODULE "lexical"

/* A term's newest block while it is being changed. */
typedef struct list {
    epi__posting *items;
    size_t count;
} list;

static void term_key(epi__key *key, uint32_t space, epi__view term) {
    epi__key_begin(key, space, EPI__TABLE_TERM);
    epi__key_bytes(key, term.data, term.size);
}

static void posting_key(epi__key *key, uint32_t space, epi__view term, uint64_t first) {
    epi__key_begin(key, space, EPI__TABLE_POSTING);
    epi__key_bytes(key, term.data, term.size);
    epi__key_bytes(key, "", 1);
    epi__key_u64(key, first);
}

/* ---- blocks ----------------------------------------------------------------------------------------------------- */

static void block_encode(epi__buffer *out, const epi__posting *postings, size_t count) {
    uint32_t greatest = 0;
    uint8_t least = 255;
    for (size_t i = 0; i < count; i++) {
        greatest = EPI__MAX(greatest, postings[i].weight);
        least = EPI__MIN(least, postings[i].length);
    }
    uint64_t before = count ? postings[0].step : 0;
    epi__buffer_append_u64(out, before);
    epi__buffer_append_varint(out, count);
    epi__buffer_append_varint(out, greatest);
    epi__buffer_append_u8(out, least);
    for (size_t i = 0; i < count; i++) {
        epi__buffer_append_varint(out, postings[i].step - before);
        epi__buffer_append_varint(out, postings[i].weight);
        epi__buffer_append_u8(out, postings[i].length);
        before = postings[i].step;
    }
}

/* Most numbers of a block are below 128. */
static inline uint64_t read_small(epi__reader *reader) {
    if (reader->next < reader->end && *reader->next < 0x80) return *reader->next++;
    return epi__read_varint(reader);
}

epi_status epi__block_decode(size_t *count, epi__posting *out, epi__view block) {
    epi__reader reader = epi__reader_of(block.data, block.size);
    uint64_t step = epi__read_u64(&reader);
    *count = (size_t)epi__read_varint(&reader);
    (void)epi__read_varint(&reader);
    (void)epi__read_u8(&reader);
    if (*count > EPI__BLOCK_COUNT_MAX) reader.failed = true;
    for (size_t i = 0; !reader.failed && i < *count; i++) {
        step += read_small(&reader);
        out[i].step = step;
        out[i].weight = (uint32_t)read_small(&reader);
        out[i].length = reader.next < reader.end ? *reader.next++ : epi__read_u8(&reader);
    }
    if (!reader.failed) return EPI_OK;
    *count = 0;
    return epi__fail(EPI_EDAMAGED, MODULE, "a block of postings is cut");
}

epi_status epi__term_record_decode(uint64_t *documents, epi__view *block, epi__view body) {
    epi__reader reader = epi__reader_of(body.data, body.size);
    *documents = epi__read_varint(&reader);
    *block = epi__read_view(&reader, (size_t)(reader.end - reader.next));
    return reader.failed ? epi__fail(EPI_EDAMAGED, MODULE, "a term's record is cut") : EPI_OK;
}

static epi_status write_block(epi__change *change, epi__view term, const epi__posting *postings, size_t count) {
    epi__key key;
    epi__buffer *out = &change->scratch;
    epi__buffer_clear(out);
    block_encode(out, postings, count);
    if (out->failed) return epi__fail_memory(MODULE, EPI__BLOCK_SIZE);
    posting_key(&key, change->space, term, postings[0].step);
    return epi__change_put(change, &key, out->data, out->size);
}

/* Over the record that epi__change_take() gave, or where there was none. */
static epi_status write_term(epi__change *change, const epi__key *key, uint64_t documents, const epi__posting *postings,
                             size_t count) {
    epi__buffer *out = &change->scratch;
    epi__buffer_clear(out);
    epi__buffer_append_varint(out, documents);
    block_encode(out, postings, count);
    if (out->failed) return epi__fail_memory(MODULE, EPI__BLOCK_SIZE);
    return epi__change_insert(change, key, out->data, out->size);
}

/* ---- inserting -------------------------------------------------------------------------------------------------- */

static int by_step(const void *a, const void *b) {
    const epi__posting *x = a, *y = b;
    return (x->step > y->step) - (x->step < y->step);
}

/* A term of the entries that are being merged, and where its own begin once they are in order. */
typedef struct group {
    epi__view term;
    size_t first;
    size_t count;
} group;

typedef struct grouping {
    epi__map places; /* hash of the term -> its group */
    group *groups;
    size_t count;
    uint32_t *group_of; /* each entry's */
    epi__posting_entry *sorted;
} grouping;

static void grouping_dispose(grouping *all) {
    epi__map_dispose(&all->places);
    epi__free(all->groups);
    epi__free(all->group_of);
    epi__free(all->sorted);
}

static epi_status grouping_init(grouping *all, size_t count) {
    *all = (grouping){.groups = epi__realloc(NULL, count, sizeof *all->groups),
                      .group_of = epi__realloc(NULL, count, sizeof *all->group_of),
                      .sorted = epi__realloc(NULL, count, sizeof *all->sorted)};
    if (all->groups && all->group_of && all->sorted) return EPI_OK;
    return epi__fail_memory(MODULE, count * (sizeof *all->groups + sizeof *all->group_of + sizeof *all->sorted));
}

static bool same(epi__view x, epi__view y) {
    return x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
}

/* The group of a term, new or old; another term with the same hash has the number behind it. */
static epi_status find_group(uint64_t *place, grouping *all, epi__view term) {
    uint64_t hash = epi__hash64(term.data, term.size);
    for (; epi__map_get(&all->places, hash, place); hash++)
        if (same(all->groups[*place].term, term)) return EPI_OK;
    *place = all->count;
    if (!epi__map_put(&all->places, hash, *place)) return epi__fail_memory(MODULE, sizeof hash);
    all->groups[all->count++] = (group){term, 0, 0};
    return EPI_OK;
}

static int by_term(const void *a, const void *b) {
    epi__view x = ((const group *)a)->term, y = ((const group *)b)->term;
    int order = memcmp(x.data, y.data, EPI__MIN(x.size, y.size));
    return order ? order : (x.size > y.size) - (x.size < y.size);
}

/* Puts each term's entries behind one another, in the order that they had. A seal has seven entries a term: sorting the
 * terms alone costs a quarter of sorting the entries. */
static epi_status group_entries(grouping *all, const epi__posting_entry *entries, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t place = 0;
        EPI__TRY(find_group(&place, all, entries[i].term));
        all->groups[place].count++;
        all->group_of[i] = (uint32_t)place;
    }
    for (size_t i = 1; i < all->count; i++) all->groups[i].first = all->groups[i - 1].first + all->groups[i - 1].count;
    for (size_t i = 0; i < count; i++) all->sorted[all->groups[all->group_of[i]].first++] = entries[i];
    for (size_t i = 0; i < all->count; i++) all->groups[i].first -= all->groups[i].count;
    qsort(all->groups, all->count, sizeof *all->groups, by_term);
    return EPI_OK;
}

/* How many postings make a block of about EPI__BLOCK_SIZE bytes: those with small deltas take about 4 each. */
#define BLOCK_COUNT (EPI__BLOCK_SIZE / 4u)

/* Full blocks go from the front of the list to POSTING records; what is left stays in the TERM record. */
static epi_status spill(epi__change *change, epi__view term, list *block) {
    size_t at = 0;
    for (; block->count - at > BLOCK_COUNT; at += BLOCK_COUNT)
        EPI__TRY(write_block(change, term, block->items + at, BLOCK_COUNT));
    memmove(block->items, block->items + at, (block->count - at) * sizeof *block->items);
    block->count -= at;
    return EPI_OK;
}

/* The POSTING block that a late step belongs to: the last that begins at or before it, or else the first. */
static epi_status find_block(epi__key *found, epi__view *body, epi__change *change, epi__view term, uint64_t step) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__view key;
    posting_key(&first, change->space, term, 0);
    posting_key(&end, change->space, term, step);
    epi__key_next(&end);
    epi_status status = epi__scan_open(&scan, change->tx.txn, &first, &end, true);
    if (!status) status = epi__scan_next(&key, body, &scan);
    if (status == EPI_EDONE) {
        epi__scan_close(&scan);
        posting_key(&end, change->space, term, UINT64_MAX);
        status = epi__scan_open(&scan, change->tx.txn, &first, &end, false);
        if (!status) status = epi__scan_next(&key, body, &scan);
    }
    if (!status) {
        found->size = 0;
        epi__key_bytes(found, key.data, key.size);
    }
    epi__scan_close(&scan);
    return status; /* EPI_EDONE: the term has no POSTING block */
}

/* Puts one late step into a full block; a block that grew too long becomes two. */
static epi_status insert_late(epi__change *change, epi__view term, const epi__posting *posting) {
    epi__key key;
    epi__view body;
    size_t count = 0;
    epi__posting postings[EPI__BLOCK_COUNT_MAX + 1];
    EPI__TRY(find_block(&key, &body, change, term, posting->step));
    EPI__TRY(epi__block_decode(&count, postings, body));
    EPI__TRY(epi__change_remove(change, &key));
    postings[count++] = *posting;
    qsort(postings, count, sizeof *postings, by_step);
    if (count <= 2 * BLOCK_COUNT) return write_block(change, term, postings, count);
    EPI__TRY(write_block(change, term, postings, count / 2));
    return write_block(change, term, postings + count / 2, count - count / 2);
}

/* The entries [0, count) are one term's. */
static epi_status insert_term(epi__change *change, const epi__posting_entry *entries, size_t count, list *block) {
    epi__key key;
    epi__view body, encoded = {0};
    uint64_t documents = 0;
    epi__view term = entries[0].term;
    block->count = 0;
    term_key(&key, change->space, term);
    epi_status status = epi__change_take(&body, change, &key);
    if (status && status != EPI_ENOTFOUND) return status;
    if (!status) {
        EPI__TRY(epi__term_record_decode(&documents, &encoded, body));
        EPI__TRY(epi__block_decode(&block->count, block->items, encoded));
    }
    bool has_blocks = documents > block->count;
    uint64_t newest = block->count ? block->items[block->count - 1].step : 0;
    uint64_t first = block->count ? block->items[0].step : 0;
    bool sorted = true;
    for (size_t i = 0; i < count; i++) {
        if (has_blocks && entries[i].posting.step < first) {
            EPI__TRY(insert_late(change, term, &entries[i].posting));
            continue;
        }
        sorted = sorted && entries[i].posting.step > newest;
        newest = entries[i].posting.step;
        block->items[block->count++] = entries[i].posting;
    }
    if (!sorted) qsort(block->items, block->count, sizeof *block->items, by_step);
    EPI__TRY(spill(change, term, block));
    return write_term(change, &key, documents + count, block->items, block->count);
}

epi_status epi__postings_insert(epi__change *change, const epi__posting_entry *entries, size_t count) {
    if (count == 0) return EPI_OK;
    grouping all;
    list block = {epi__realloc(NULL, EPI__BLOCK_COUNT_MAX + count, sizeof(epi__posting)), 0};
    epi_status status = grouping_init(&all, count);
    if (!status && !block.items) status = epi__fail_memory(MODULE, count * sizeof(epi__posting));
    if (!status) status = group_entries(&all, entries, count);
    for (size_t i = 0; !status && i < all.count; i++)
        status = insert_term(change, all.sorted + all.groups[i].first, all.groups[i].count, &block);
    epi__free(block.items);
    grouping_dispose(&all);
    return status;
}

/* ---- removing --------------------------------------------------------------------------------------------------- */

static bool take_out(epi__posting *postings, size_t *count, uint64_t step) {
    for (size_t i = 0; i < *count; i++) {
        if (postings[i].step != step) continue;
        memmove(postings + i, postings + i + 1, (--*count - i) * sizeof *postings);
        return true;
    }
    return false;
}

static epi_status remove_from_block(epi__change *change, epi__view term, uint64_t step) {
    epi__key key;
    epi__view body;
    size_t count = 0;
    epi__posting postings[EPI__BLOCK_COUNT_MAX];
    epi_status status = find_block(&key, &body, change, term, step);
    if (!status) status = epi__block_decode(&count, postings, body);
    if (status == EPI_EDONE || (!status && !take_out(postings, &count, step)))
        return epi__fail(EPI_EDAMAGED, MODULE, "step %llu is missing from the postings of one of its terms",
                         (unsigned long long)step);
    EPI__TRY(status);
    EPI__TRY(epi__change_remove(change, &key));
    return count ? write_block(change, term, postings, count) : EPI_OK;
}

/* Moves the last POSTING block into `postings`: the term's newest block was emptied. */
static epi_status take_back(epi__posting *postings, size_t *count, epi__change *change, epi__view term) {
    epi__key key;
    epi__view body;
    epi_status status = find_block(&key, &body, change, term, UINT64_MAX);
    if (status == EPI_EDONE) return epi__fail(EPI_EDAMAGED, MODULE, "a term counts more documents than it has");
    EPI__TRY(status);
    EPI__TRY(epi__block_decode(count, postings, body));
    return epi__change_remove(change, &key);
}

epi_status epi__postings_remove(epi__change *change, epi__view term, uint64_t step) {
    epi__key key;
    epi__view body, encoded;
    uint64_t documents = 0;
    size_t count = 0;
    epi__posting postings[EPI__BLOCK_COUNT_MAX];
    term_key(&key, change->space, term);
    epi_status status = epi__change_get(&body, change, &key);
    if (status == EPI_ENOTFOUND)
        return epi__fail(EPI_EDAMAGED, MODULE, "step %llu has a term without postings", (unsigned long long)step);
    EPI__TRY(status);
    EPI__TRY(epi__term_record_decode(&documents, &encoded, body));
    EPI__TRY(epi__block_decode(&count, postings, encoded));
    if (!take_out(postings, &count, step)) EPI__TRY(remove_from_block(change, term, step));
    if (documents == 1) return epi__change_remove(change, &key);
    if (count == 0) EPI__TRY(take_back(postings, &count, change, term));
    EPI__TRY(epi__change_take(&body, change, &key));
    return write_term(change, &key, documents - 1, postings, count);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

epi_status epi__postings_documents(uint64_t *documents, epi__txn *txn, uint32_t space, epi__view term) {
    epi__key key;
    epi__view body, block;
    *documents = 0;
    term_key(&key, space, term);
    epi_status status = epi__record_get(&body, txn, &key);
    if (status == EPI_ENOTFOUND) return EPI_OK;
    EPI__TRY(status);
    return epi__term_record_decode(documents, &block, body);
}

static epi_status walk_blocks(epi__txn *txn, uint32_t space, epi__view term, epi__posting *postings,
                              epi__postings_visit visit, void *context) {
    epi__key first, end;
    epi__scan scan = {0};
    posting_key(&first, space, term, 0);
    posting_key(&end, space, term, UINT64_MAX);
    epi_status status = epi__scan_open(&scan, txn, &first, &end, false);
    while (!status) {
        epi__view key, body;
        size_t count = 0;
        status = epi__scan_next(&key, &body, &scan);
        if (!status) status = epi__block_decode(&count, postings, body);
        if (!status) status = visit(context, postings, count);
    }
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

epi_status epi__postings_walk(epi__txn *txn, uint32_t space, epi__view term, epi__postings_visit visit, void *context) {
    epi__key key;
    epi__view body, encoded;
    uint64_t documents = 0;
    size_t count = 0;
    epi__posting postings[EPI__BLOCK_COUNT_MAX];
    term_key(&key, space, term);
    epi_status status = epi__record_get(&body, txn, &key);
    if (status == EPI_ENOTFOUND) return EPI_OK;
    EPI__TRY(status);
    EPI__TRY(epi__term_record_decode(&documents, &encoded, body));
    EPI__TRY(epi__block_decode(&count, postings, encoded));
    if (documents > count) {
        EPI__TRY(walk_blocks(txn, space, term, postings, visit, context));
        EPI__TRY(epi__block_decode(&count, postings, encoded));
    }
    return visit(context, postings, count);
}

/* ---- finding ---------------------------------------------------------------------------------------------------- */

/* Steps that are looked for in the blocks of a term, which come in order. */
typedef struct finder {
    const uint64_t *steps;
    size_t count, at;
    epi__postings_visit visit;
    void *context;
} finder;

/* Looks for the steps below `end` in one block; the block is decoded only when there are any that it may have. */
static epi_status find_in(finder *f, epi__view block, uint64_t end) {
    epi__posting postings[EPI__BLOCK_COUNT_MAX];
    size_t count = 0, found = 0;
    epi__reader reader = epi__reader_of(block.data, block.size);
    uint64_t first = epi__read_u64(&reader);
    while (f->at < f->count && f->steps[f->at] < first) f->at++;
    if (f->at == f->count || f->steps[f->at] >= end) return EPI_OK;
    EPI__TRY(epi__block_decode(&count, postings, block));
    for (size_t i = 0; i < count && f->at < f->count; i++) {
        while (f->at < f->count && f->steps[f->at] < postings[i].step) f->at++;
        if (f->at < f->count && f->steps[f->at] == postings[i].step) postings[found++] = postings[i];
    }
    while (f->at < f->count && f->steps[f->at] < end) f->at++;
    return found ? f->visit(f->context, postings, found) : EPI_OK;
}

/* A block ends where the next begins, so each is looked into when the next is known. */
static epi_status find_in_blocks(finder *f, epi__txn *txn, uint32_t space, epi__view term, uint64_t end) {
    epi__key first, last;
    epi__scan scan = {0};
    epi__view key, body, before = {0};
    posting_key(&first, space, term, 0);
    posting_key(&last, space, term, UINT64_MAX);
    epi_status status = epi__scan_open(&scan, txn, &first, &last, false);
    while (!status && f->at < f->count) {
        status = epi__scan_next(&key, &body, &scan);
        if (status) break;
        if (before.data) status = find_in(f, before, epi__load_be64((const uint8_t *)key.data + key.size - 8));
        before = body;
    }
    epi__scan_close(&scan);
    if (status && status != EPI_EDONE) return status;
    return before.data && f->at < f->count ? find_in(f, before, end) : EPI_OK;
}

epi_status epi__postings_find(epi__txn *txn, uint32_t space, epi__view term, const uint64_t *steps, size_t count,
                              epi__postings_visit visit, void *context) {
    finder f = {.steps = steps, .count = count, .visit = visit, .context = context};
    epi__key key;
    epi__view body, newest;
    uint64_t documents = 0;
    if (count == 0) return EPI_OK;
    term_key(&key, space, term);
    epi_status status = epi__record_get(&body, txn, &key);
    if (status == EPI_ENOTFOUND) return EPI_OK;
    EPI__TRY(status);
    EPI__TRY(epi__term_record_decode(&documents, &newest, body));
    epi__reader reader = epi__reader_of(newest.data, newest.size);
    uint64_t first = epi__read_u64(&reader), in_newest = epi__read_varint(&reader);
    if (documents > in_newest) EPI__TRY(find_in_blocks(&f, txn, space, term, first));
    return find_in(&f, newest, UINT64_MAX);
}
