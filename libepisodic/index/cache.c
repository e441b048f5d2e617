/* cache.c - an index in one file, and back.
 *
 * The file, little-endian where nothing else is said:
 *
 *       0  magic "epiindex"                          64  rows: 0 float32, 1 bfloat16 (u32)
 *       8  format, now 1 (u32)                       68  dimensions (u32)
 *      12  byte order of the machine (native u32)    72  nodes (u64)
 *      16  space (u64)                               80  items in the tail (u64)
 *      24  generation (u64)                          88  6 sections: size (u64), XXH3 of its bytes (u64)
 *      32  sequence (u64)                           184  XXH3 of the bytes 0 .. 183 (u64)
 *      40  metric, m, ef_construction (u32 each)    192  the sections, one behind the other: ids of the nodes,
 *      52  0 (12 bytes)                                  tombstones, rows, twins, tail, links
 *
 * Sections are in the machine's byte order; the links are what FAISS wrote. The file is a cache: a machine that reads
 * another order drops it. Invariant: no byte is used before the checksum over it held, and FAISS sees only bytes it
 * wrote. The tail is its ids and then its vectors, live items only.
 */
#include "cache_file.h"
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAGIC "epiindex"
#define FORMAT 1u
#define BYTE_ORDER_MARK 0x01020304u
#define HEADER_SIZE 192u
#define CHECKED_SIZE (HEADER_SIZE - 8u)

enum { SECTION_IDS, SECTION_REMOVED, SECTION_ROWS, SECTION_TWINS, SECTION_TAIL, SECTION_LINKS, SECTION_COUNT };

typedef struct section {
    uint64_t size;
    uint64_t hash;
} section;

typedef struct header {
    uint32_t format;
    uint32_t byte_order;
    epi__index_stamp stamp;
    uint32_t metric, m, ef_construction, halves, dimension;
    uint64_t nodes;
    uint64_t tail;
    section sections[SECTION_COUNT];
} header;

/* ---- the header ------------------------------------------------------------------------------------------------ */

static void header_encode(epi__buffer *out, const header *head) {
    epi__buffer_append(out, MAGIC, 8);
    epi__buffer_append_u32(out, head->format);
    epi__buffer_append(out, &head->byte_order, sizeof head->byte_order);
    epi__buffer_append_u64(out, head->stamp.space);
    epi__buffer_append_u64(out, head->stamp.generation);
    epi__buffer_append_u64(out, head->stamp.sequence);
    epi__buffer_append_u32(out, head->metric);
    epi__buffer_append_u32(out, head->m);
    epi__buffer_append_u32(out, head->ef_construction);
    epi__buffer_append_u32(out, 0);
    epi__buffer_append_u64(out, 0);
    epi__buffer_append_u32(out, head->halves);
    epi__buffer_append_u32(out, head->dimension);
    epi__buffer_append_u64(out, head->nodes);
    epi__buffer_append_u64(out, head->tail);
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        epi__buffer_append_u64(out, head->sections[i].size);
        epi__buffer_append_u64(out, head->sections[i].hash);
    }
    if (!out->failed) epi__buffer_append_u64(out, epi__hash64(out->data, out->size));
}

static void header_decode(header *head, const uint8_t *bytes) {
    epi__reader in = epi__reader_of(bytes + 8, HEADER_SIZE - 8);
    head->format = epi__read_u32(&in);
    memcpy(&head->byte_order, epi__read_view(&in, 4).data, 4);
    head->stamp.space = epi__read_u64(&in);
    head->stamp.generation = epi__read_u64(&in);
    head->stamp.sequence = epi__read_u64(&in);
    head->metric = epi__read_u32(&in);
    head->m = epi__read_u32(&in);
    head->ef_construction = epi__read_u32(&in);
    (void)epi__read_view(&in, 12);
    head->halves = epi__read_u32(&in);
    head->dimension = epi__read_u32(&in);
    head->nodes = epi__read_u64(&in);
    head->tail = epi__read_u64(&in);
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        head->sections[i].size = epi__read_u64(&in);
        head->sections[i].hash = epi__read_u64(&in);
    }
}

static epi_status header_read(header *head, int file) {
    uint8_t bytes[HEADER_SIZE];
    EPI__TRY(epi__cache_file_read(file, bytes, sizeof bytes, 0));
    epi__reader checksum = epi__reader_of(bytes + CHECKED_SIZE, 8);
    if (memcmp(bytes, MAGIC, 8) != 0) return epi__fail(EPI_EDAMAGED, "index", "the file is no index");
    if (epi__read_u64(&checksum) != epi__hash64(bytes, CHECKED_SIZE))
        return epi__fail(EPI_EDAMAGED, "index", "the header of the index file failed its checksum");
    header_decode(head, bytes);
    if (head->format != FORMAT || head->byte_order != BYTE_ORDER_MARK)
        return epi__fail(EPI_EMISMATCH, "index", "the index file has format %u, this is %u", head->format, FORMAT);
    return EPI_OK;
}

static header header_of(const epi__index *index, const epi__index_stamp *stamp) {
    const epi__graph_options graph = index->graph->options;
    return (header){.format = FORMAT,
                    .byte_order = BYTE_ORDER_MARK,
                    .stamp = *stamp,
                    .metric = (uint32_t)graph.metric,
                    .m = graph.m,
                    .ef_construction = graph.ef_construction,
                    .halves = graph.halves,
                    .dimension = graph.dimension,
                    .nodes = epi__graph_count(index->graph),
                    .tail = index->tail.live};
}

/* ---- saving ---------------------------------------------------------------------------------------------------- */

static epi_status collect_tail(epi__buffer *out, const epi__tail *tail) {
    for (size_t i = tail->first; i < tail->end; i++)
        if (!tail->is_removed[i]) epi__buffer_append(out, tail->ids + i, sizeof *tail->ids);
    for (size_t i = tail->first; i < tail->end; i++)
        if (!tail->is_removed[i])
            epi__buffer_append(out, tail->vectors + i * tail->dimension, tail->dimension * sizeof(float));
    return out->failed ? epi__fail_memory("index", tail->live * tail->dimension * sizeof(float)) : EPI_OK;
}

/* What FAISS writes, in memory. *bytes is freed with free(). */
static epi_status collect_links(char **bytes, size_t *size, const epi__graph *graph) {
    FILE *stream = open_memstream(bytes, size);
    if (stream == NULL) return epi__fail_memory("index", graph->links.neighbour_count * sizeof(int32_t));
    const int code = faiss_write_index(graph->faiss, stream);
    const bool closed = fclose(stream) == 0;
    if (code != 0) return epi__graph_fail(code, EPI_EINTERNAL, "writing the links");
    if (!closed) return epi__fail_memory("index", graph->links.neighbour_count * sizeof(int32_t));
    return EPI_OK;
}

static epi_status write_file(const char *path, header *head, const epi__view *bodies) {
    epi__cache_writer writer;
    epi__buffer bytes = {0};
    for (size_t i = 0; i < SECTION_COUNT; i++)
        head->sections[i] = (section){bodies[i].size, epi__hash64(bodies[i].data, bodies[i].size)};
    header_encode(&bytes, head);
    epi_status status = bytes.failed ? epi__fail_memory("index", HEADER_SIZE) : EPI_OK;
    if (status == EPI_OK) {
        status = epi__cache_writer_open(&writer, path);
        if (status == EPI_OK) status = epi__cache_writer_write(&writer, bytes.data, bytes.size);
        for (size_t i = 0; i < SECTION_COUNT && status == EPI_OK; i++)
            status = epi__cache_writer_write(&writer, bodies[i].data, bodies[i].size);
        if (status == EPI_OK) status = epi__cache_writer_publish(&writer);
        epi__cache_writer_close(&writer);
    }
    epi__buffer_dispose(&bytes);
    return status;
}

epi_status epi__index_save(epi__index *index, const char *path, const epi__index_stamp *stamp) {
    const epi__graph *graph = index->graph;
    const size_t nodes = epi__graph_count(graph);
    header head = header_of(index, stamp);
    epi__buffer tail = {0};
    char *links = NULL;
    size_t links_size = 0;
    epi_status status = collect_tail(&tail, &index->tail);
    if (status == EPI_OK) status = collect_links(&links, &links_size, graph);
    if (status == EPI_OK) {
        const epi__view bodies[SECTION_COUNT] = {
            [SECTION_IDS] = {index->node_ids, nodes * sizeof *index->node_ids},
            [SECTION_REMOVED] = {index->is_removed, nodes * sizeof *index->is_removed},
            [SECTION_ROWS] = {graph->rows, nodes * graph->row_size},
            [SECTION_TWINS] = {graph->twins, nodes * sizeof *graph->twins},
            [SECTION_TAIL] = {tail.data, tail.size},
            [SECTION_LINKS] = {links, links_size},
        };
        status = write_file(path, &head, bodies);
    }
    epi__free(links);
    epi__buffer_dispose(&tail);
    return status;
}

/* ---- loading: the header, then sizes that fit the file, then section after section ----------------------------- */

typedef struct loading {
    int file;
    const header *head;
    epi__index *index;
} loading;

/* Reads a section to where it belongs and checks it there. */
static epi_status section_read(const loading *load, int which, void *data) {
    const section *want = &load->head->sections[which];
    uint64_t offset = HEADER_SIZE;
    for (int i = 0; i < which; i++) offset += load->head->sections[i].size;
    EPI__TRY(epi__cache_file_read(load->file, data, (size_t)want->size, offset));
    if (epi__hash64(data, (size_t)want->size) != want->hash)
        return epi__fail(EPI_EDAMAGED, "index", "section %d of the index file failed its checksum", which);
    return EPI_OK;
}

/* Every size follows from the counts, and all of them from the size of the file; no product overflows, for the counts
 * are bounded by the size first. */
static epi_status check_sizes(const header *head, const epi__graph *graph, uint64_t file_size) {
    uint64_t total = HEADER_SIZE;
    bool fits = head->nodes <= EPI__GRAPH_COUNT_MAX && head->nodes <= file_size / sizeof(uint64_t) &&
                head->tail <= file_size / sizeof(uint64_t);
    for (size_t i = 0; i < SECTION_COUNT && fits; i++) {
        fits = head->sections[i].size <= file_size - total;
        if (fits) total += head->sections[i].size;
    }
    const uint64_t item_size = sizeof(uint64_t) + head->dimension * sizeof(float);
    fits = fits && total == file_size && head->sections[SECTION_IDS].size == head->nodes * sizeof(uint64_t) &&
           head->sections[SECTION_REMOVED].size == head->nodes * sizeof(bool) &&
           head->sections[SECTION_ROWS].size == head->nodes * graph->row_size &&
           head->sections[SECTION_TWINS].size == head->nodes * sizeof(uint32_t) &&
           head->sections[SECTION_TAIL].size == head->tail * item_size;
    if (fits) return EPI_OK;
    return epi__fail(EPI_EDAMAGED, "index", "the index file has %llu bytes, which is not what its header says",
                     (unsigned long long)file_size);
}

static epi_status check_match(const header *head, const epi__index_options *options, uint64_t space,
                              uint64_t generation) {
    const epi__graph_options graph = epi__index_graph_options(options);
    if (head->stamp.space != space || head->stamp.generation != generation)
        return epi__fail(EPI_EMISMATCH, "index", "the index file is of space %llu, generation %llu",
                         (unsigned long long)head->stamp.space, (unsigned long long)head->stamp.generation);
    if (head->dimension != graph.dimension || head->metric != (uint32_t)graph.metric || head->m != graph.m ||
        head->ef_construction != graph.ef_construction || head->halves != (uint32_t)graph.halves)
        return epi__fail(EPI_EMISMATCH, "index", "the index file was built with other options");
    return EPI_OK;
}

static epi_status parse_links(FaissIndex **faiss, void *bytes, size_t size) {
    if (size == 0) return epi__fail(EPI_EDAMAGED, "index", "the index file had no links");
    FILE *stream = fmemopen(bytes, size, "r");
    if (stream == NULL) return epi__fail_memory("index", size);
    const int code = faiss_read_index(stream, 0, faiss);
    fclose(stream);
    return code == 0 ? EPI_OK : epi__graph_fail(code, EPI_EDAMAGED, "reading the links");
}

static epi_status load_graph(const loading *load) {
    const size_t size = (size_t)load->head->sections[SECTION_LINKS].size;
    const epi__graph_options options = epi__index_graph_options(&load->index->options);
    FaissIndex *faiss = NULL;
    epi__graph *graph = NULL;
    void *bytes = epi__alloc(size);
    if (bytes == NULL) return epi__fail_memory("index", size);
    epi_status status = section_read(load, SECTION_LINKS, bytes);
    if (status == EPI_OK) status = parse_links(&faiss, bytes, size);
    epi__free(bytes);
    if (status == EPI_OK) status = epi__graph_adopt(&graph, faiss, &options);
    if (status != EPI_OK && faiss != NULL) faiss_Index_free(faiss);
    if (status != EPI_OK) return status;
    epi__graph_free(load->index->graph);
    load->index->graph = graph;
    if (epi__graph_count(graph) != load->head->nodes)
        return epi__fail(EPI_EDAMAGED, "index", "the graph has %zu nodes, the header says %llu",
                         epi__graph_count(graph), (unsigned long long)load->head->nodes);
    EPI__TRY(section_read(load, SECTION_ROWS, graph->rows));
    EPI__TRY(section_read(load, SECTION_TWINS, graph->twins));
    return epi__graph_check_twins(graph);
}

/* A damaged flag is no bool, so the flags are looked at as bytes until they are checked. */
static epi_status load_ids(const loading *load) {
    epi__index *index = load->index;
    const size_t nodes = (size_t)load->head->nodes;
    EPI__TRY(epi__index_reserve_nodes(index, nodes));
    EPI__TRY(section_read(load, SECTION_IDS, index->node_ids));
    EPI__TRY(section_read(load, SECTION_REMOVED, index->is_removed));
    for (size_t node = 0; node < nodes; node++) {
        uint8_t flag;
        memcpy(&flag, index->is_removed + node, sizeof flag);
        if (flag > 1) return epi__fail(EPI_EDAMAGED, "index", "a tombstone was %u", flag);
        if (flag == 1) {
            index->removed_count++;
            continue;
        }
        if (epi__map_get(&index->places, index->node_ids[node], NULL))
            return epi__fail(EPI_EDAMAGED, "index", "an id was in the index file twice");
        if (!epi__map_put(&index->places, index->node_ids[node], epi__place_of_node(node)))
            return epi__fail_memory("index", nodes * sizeof(uint64_t));
    }
    return EPI_OK;
}

static epi_status load_tail(const loading *load) {
    const size_t size = (size_t)load->head->sections[SECTION_TAIL].size, count = (size_t)load->head->tail;
    uint64_t *bytes = epi__alloc(size);
    if (bytes == NULL) return epi__fail_memory("index", size);
    epi_status status = section_read(load, SECTION_TAIL, bytes);
    if (status == EPI_OK)
        status = epi__index_add(load->index, bytes, (const float *)(const void *)(bytes + count), count);
    if (status == EPI_EEXISTS) status = epi__fail(EPI_EDAMAGED, "index", "an id was in the index file twice");
    epi__free(bytes);
    return status;
}

static epi_status load_sections(const loading *load, uint64_t file_size) {
    EPI__TRY(check_sizes(load->head, load->index->graph, file_size));
    EPI__TRY(load_graph(load));
    EPI__TRY(load_ids(load));
    return load_tail(load);
}

epi_status epi__index_load(epi__index **out, epi__index_stamp *stamp, const char *path,
                           const epi__index_options *options, uint64_t space, uint64_t generation) {
    header head;
    uint64_t size;
    loading load = {.head = &head};
    epi__index_options filled;
    *out = NULL;
    *stamp = (epi__index_stamp){0};
    EPI__TRY(epi__index_options_fill(&filled, options));
    EPI__TRY(epi__cache_file_open(&load.file, &size, path));
    epi_status status = header_read(&head, load.file);
    if (status == EPI_OK) status = check_match(&head, &filled, space, generation);
    if (status == EPI_OK) status = epi__index_new(&load.index, &filled);
    if (status == EPI_OK) status = load_sections(&load, size);
    (void)close(load.file);
    if (status != EPI_OK) {
        epi__index_free(load.index);
        return status;
    }
    *stamp = head.stamp;
    *out = load.index;
    return EPI_OK;
}
