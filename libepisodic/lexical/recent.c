/* recent.c - the inverted index over steps that are not sealed yet, in memory. At most a few thousand steps, so
 * postings are links in one array: map hash of the term -> its newest posting, each posting -> the one before. A
 * removed step stays in the links and is passed over.
 */
#include "lexical.h"

typedef struct link_item {
    uint32_t document;
    uint32_t weight;
    uint32_t before; /* place + 1 of the term's next older posting; 0: none */
} link_item;

typedef struct tail_document {
    uint64_t step; /* 0: removed */
    uint8_t length;
} tail_document;

struct epi__recent {
    epi__map heads;  /* hash of the term -> place + 1 of its newest posting */
    epi__map places; /* step -> place of its document */
    link_item *links;
    size_t link_count, link_capacity;
    tail_document *documents;
    size_t document_count, document_capacity;
};

epi_status epi__recent_new(epi__recent **tail) {
    *tail = epi__alloc_zero(1, sizeof **tail);
    return *tail ? EPI_OK : epi__fail_memory("lexical", sizeof **tail);
}

void epi__recent_free(epi__recent *tail) {
    if (!tail) return;
    epi__map_dispose(&tail->heads);
    epi__map_dispose(&tail->places);
    epi__free(tail->links);
    epi__free(tail->documents);
    epi__free(tail);
}

void epi__recent_clear(epi__recent *tail) {
    epi__map_clear(&tail->heads);
    epi__map_clear(&tail->places);
    tail->link_count = 0;
    tail->document_count = 0;
}

static bool grow(void **items, size_t *capacity, size_t needed, size_t size) {
    if (needed <= *capacity) return true;
    size_t more = EPI__MAX(*capacity * 2, EPI__MAX(needed, (size_t)64));
    void *grown = epi__realloc(*items, more, size);
    if (!grown) return false;
    *items = grown;
    *capacity = more;
    return true;
}

static bool reserve(epi__recent *tail, size_t terms) {
    void *links = tail->links, *documents = tail->documents;
    bool ok = grow(&links, &tail->link_capacity, tail->link_count + terms, sizeof *tail->links);
    tail->links = links;
    ok = ok && grow(&documents, &tail->document_capacity, tail->document_count + 1, sizeof *tail->documents);
    tail->documents = documents;
    return ok;
}

epi_status epi__recent_add(epi__recent *tail, uint64_t step, epi__view encoded) {
    epi__document_reader reader = epi__document_open(encoded);
    if (epi__map_get(&tail->places, step, NULL)) return EPI_OK;
    if (reader.count > encoded.size) return epi__fail(EPI_EDAMAGED, "lexical", "a tail record is cut");
    if (!reserve(tail, reader.count) || !epi__map_put(&tail->places, step, tail->document_count))
        return epi__fail_memory("lexical", reader.count * sizeof *tail->links);
    uint32_t place = (uint32_t)tail->document_count++;
    tail->documents[place] = (tail_document){step, epi__length_code(reader.length)};
    epi__view term;
    uint32_t weight;
    while (epi__document_next(&term, &weight, &reader)) {
        uint64_t hash = epi__hash64(term.data, term.size), head = 0;
        (void)epi__map_get(&tail->heads, hash, &head);
        tail->links[tail->link_count++] = (link_item){place, weight, (uint32_t)head};
        if (!epi__map_put(&tail->heads, hash, tail->link_count))
            return epi__fail_memory("lexical", sizeof *tail->links);
    }
    return reader.reader.failed ? epi__fail(EPI_EDAMAGED, "lexical", "a tail record is cut") : EPI_OK;
}

void epi__recent_remove(epi__recent *tail, uint64_t step) {
    uint64_t place = 0;
    if (!epi__map_get(&tail->places, step, &place)) return;
    tail->documents[place].step = 0;
    epi__map_remove(&tail->places, step);
}

size_t epi__recent_removed(const epi__recent *tail) {
    return tail->document_count - tail->places.count;
}

static uint64_t head_of(const epi__recent *tail, epi__view term) {
    uint64_t head = 0;
    (void)epi__map_get(&tail->heads, epi__hash64(term.data, term.size), &head);
    return head;
}

uint64_t epi__recent_documents(const epi__recent *tail, epi__view term) {
    uint64_t count = 0;
    for (uint64_t at = head_of(tail, term); at; at = tail->links[at - 1].before)
        if (tail->documents[tail->links[at - 1].document].step) count++;
    return count;
}

epi_status epi__recent_walk(const epi__recent *tail, epi__view term, epi__postings_visit visit, void *context) {
    epi__posting portion[64];
    size_t count = 0;
    for (uint64_t at = head_of(tail, term); at; at = tail->links[at - 1].before) {
        const link_item *link = &tail->links[at - 1];
        const tail_document *document = &tail->documents[link->document];
        if (!document->step) continue;
        portion[count++] = (epi__posting){document->step, link->weight, document->length};
        if (count < EPI__COUNT(portion)) continue;
        EPI__TRY(visit(context, portion, count));
        count = 0;
    }
    return count ? visit(context, portion, count) : EPI_OK;
}
