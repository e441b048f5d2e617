/* export_columns.c - a space of columns as JSONL: its recorders, then the steps of all lanes in the order in which they
 * were appended (docs/JSONL.md).
 *
 * Idea: each lane is read step by step, and the lane whose next step is the oldest is written next (a heap of lanes).
 * A page of lines is made in one snapshot and written outside of it, so that no read transaction waits for the writer.
 * An observation is written once: `next_observation` stands only where no step of the file has it.
 * Invariant: the bytes depend on content only. What is appended while the export runs is not in it; what goes meanwhile
 * splits its episode, as it does in the space.
 */
#include "../column/column.h"
#include "transfer.h"

#define MODULE "transfer"
#define PAGE_COUNT 512u                /* lines of a page */
#define PAGE_SIZE (4u * 1024u * 1024u) /* or bytes */

typedef struct lane {
    epi__lane_place place;
    uint64_t end;      /* id behind its last step in the file */
    uint64_t episode;  /* number in the file of the newest one */
    uint64_t last;     /* step that was written last; 0: none */
    bool open;         /* its episode goes on */
    uint32_t recorder; /* number in the file */
    int64_t at;        /* of the next step */
} lane;

typedef struct exporter {
    epi_space *space;
    const epi_schema *schema;
    const epi__layout *layout;
    epi_json_writer *writer;
    epi__recorders recorders;
    lane *lanes;
    size_t lane_count;
    lane **heap; /* with a next step, the oldest first */
    size_t heap_count;
    epi__buffer page, scratch;
    bool failed; /* a value of the line could not be made for lack of memory */
    uint64_t steps, episodes;
    uint64_t expected; /* steps, as the space counts them */
} exporter;

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static void begin_line(exporter *e, const char *type) {
    epi_json_writer_clear(e->writer);
    epi_json_begin_object(e->writer, NULL);
    epi_json_put_string(e->writer, "type", type, strlen(type));
}

static epi_status end_line(exporter *e) {
    size_t size = 0;
    epi_json_end(e->writer);
    const char *text = epi_json_writer_text(&size, e->writer);
    if (text) epi__buffer_append(&e->page, text, size);
    epi__buffer_append_u8(&e->page, '\n');
    return text && !e->page.failed && !e->failed ? EPI_OK : epi__fail_memory(MODULE, e->page.size);
}

static void put_base64(exporter *e, const char *name, const void *data, size_t size) {
    epi__buffer_clear(&e->scratch);
    epi__base64_encode(&e->scratch, data, size);
    const char *text = epi__buffer_text(&e->scratch);
    e->failed = e->failed || e->scratch.failed;
    epi_json_put_string(e->writer, name, text, e->scratch.failed ? 0 : e->scratch.size);
}

static epi_status write_head(exporter *e) {
    begin_line(e, "space");
    epi_json_put_integer(e->writer, "format", 1);
    epi_json_put_string(e->writer, "name", epi_space_name(e->space), strlen(epi_space_name(e->space)));
    epi__schema_write(e->writer, "schema", e->schema);
    EPI__TRY(end_line(e));
    for (size_t i = 0; i < e->recorders.count; i++) {
        const epi__recorder_info *info = &e->recorders.items[i];
        begin_line(e, "recorder");
        epi_json_put_unsigned(e->writer, "id", i + 1);
        epi_json_put_string(e->writer, "name", info->name, strlen(info->name));
        epi_json_put_unsigned(e->writer, "lanes", info->lane_count);
        EPI__TRY(end_line(e));
    }
    return EPI_OK;
}

static epi_status write_end(exporter *e) {
    begin_line(e, "end");
    epi_json_put_unsigned(e->writer, "episodes", e->episodes);
    epi_json_put_unsigned(e->writer, "steps", e->steps);
    return end_line(e);
}

/* ---- a step ----------------------------------------------------------------------------------------------------- */

/* What was not given stands for the greatest priority that was seen, and is not written. */
static bool is_given(const exporter *e, int column, const void *value) {
    float narrow;
    double wide;
    if (column != e->layout->priority) return true;
    if (e->layout->columns[column].width == sizeof narrow) {
        memcpy(&narrow, value, sizeof narrow);
        wide = (double)narrow;
    } else {
        memcpy(&wide, value, sizeof wide);
    }
    return wide == wide; /* no NaN */
}

static void put_parts(exporter *e, const epi__lane_place *at) {
    epi_json_begin_object(e->writer, "parts");
    for (size_t i = 0; i < e->schema->role_count; i++) {
        int column = e->layout->role_column[i];
        const void *value = column < 0 ? NULL : epi__slot_at(e->layout, at->data, column, at->offset);
        if (value && is_given(e, column, value))
            put_base64(e, e->schema->roles[i].name, value, e->layout->columns[column].width);
    }
    epi_json_end(e->writer);
}

static void put_flags(exporter *e, unsigned flags) {
    if (!(flags & EPI__SLOT_ENDED)) return;
    epi_json_begin_array(e->writer, "flags");
    if (flags & EPI__SLOT_TERMINATED) epi_json_put_string(e->writer, NULL, "terminated", strlen("terminated"));
    if (flags & EPI__SLOT_TRUNCATED) epi_json_put_string(e->writer, NULL, "truncated", strlen("truncated"));
    epi_json_end(e->writer);
}

/* Whether the step behind it in its episode is in the file too. */
static epi_status goes_on(bool *on, const lane *l, epi__snapshot *snapshot) {
    epi__chunk *chunk = l->place.chunk;
    uint32_t offset = l->place.offset;
    EPI__TRY(epi__slot_following(&chunk, &offset, snapshot));
    const epi__layout *layout = epi__columns_layout(epi__columns_of(snapshot->mirror));
    *on = chunk && epi__slot_id(layout, chunk, offset) < l->end;
    return EPI_OK;
}

/* A step whose predecessor is not the one that was written before it begins an episode of the file. */
static epi_status enter_episode(exporter *e, lane *l, epi__snapshot *snapshot) {
    epi__chunk *chunk = l->place.chunk;
    uint32_t offset = l->place.offset;
    EPI__TRY(epi__slot_preceding(&chunk, &offset, snapshot));
    bool on = l->open && chunk && epi__slot_id(e->layout, chunk, offset) == l->last;
    if (!on) l->episode = ++e->episodes;
    l->last = l->place.after;
    return EPI_OK;
}

static epi_status write_step(exporter *e, lane *l, epi__snapshot *snapshot) {
    bool on = false;
    const epi__lane_place *at = &l->place;
    unsigned flags = epi__slot_flags(e->layout, at->chunk, at->data, at->offset);
    EPI__TRY(enter_episode(e, l, snapshot));
    EPI__TRY(goes_on(&on, l, snapshot));
    begin_line(e, "step");
    epi_json_put_unsigned(e->writer, "id", ++e->steps);
    epi_json_put_unsigned(e->writer, "episode", l->episode);
    epi_json_put_unsigned(e->writer, "recorder", l->recorder);
    epi_json_put_unsigned(e->writer, "lane", at->lane);
    put_parts(e, at);
    if (!on && epi__slot_has_next(e->layout, at->chunk, at->data, at->offset))
        put_base64(e, EPI_NEXT_OBSERVATION, epi__slot_at(e->layout, at->data, e->layout->observation, at->offset + 1),
                   e->layout->columns[e->layout->observation].width);
    put_flags(e, flags);
    l->open = !(flags & EPI__SLOT_ENDED);
    return end_line(e);
}

/* ---- lanes ------------------------------------------------------------------------------------------------------ */

static bool before(const lane *a, const lane *b) {
    return a->at != b->at ? a->at < b->at : a->place.after < b->place.after;
}

static void sift_down(exporter *e, size_t at) {
    lane **heap = e->heap;
    for (size_t child = 2 * at + 1; child < e->heap_count; at = child, child = 2 * at + 1) {
        if (child + 1 < e->heap_count && before(heap[child + 1], heap[child])) child++;
        if (!before(heap[child], heap[at])) return;
        lane *held = heap[at];
        heap[at] = heap[child];
        heap[child] = held;
    }
}

/* To the next step of the lane; *more: there is one in the file. */
static epi_status advance(bool *more, const exporter *e, lane *l, epi__snapshot *snapshot) {
    EPI__TRY(epi__lane_next(&l->place, snapshot));
    *more = l->place.chunk && l->place.after < l->end;
    if (*more) l->at = epi__slot_ingested(e->layout, l->place.data, l->place.offset);
    return EPI_OK;
}

/* Each lane at the first step behind what was written of it. */
static epi_status make_heap(exporter *e, epi__snapshot *snapshot) {
    e->heap_count = 0;
    for (size_t i = 0; i < e->lane_count; i++) {
        bool more = false;
        e->lanes[i].place.after = e->lanes[i].last;
        EPI__TRY(advance(&more, e, &e->lanes[i], snapshot));
        if (more) e->heap[e->heap_count++] = &e->lanes[i];
    }
    for (size_t i = e->heap_count / 2; i > 0; i--) sift_down(e, i - 1);
    return EPI_OK;
}

static epi_status make_page(exporter *e, epi__snapshot *snapshot) {
    size_t most = EPI__MAX(PAGE_COUNT, e->lane_count);
    EPI__TRY(make_heap(e, snapshot));
    for (size_t i = 0; e->heap_count > 0 && i < most && e->page.size < PAGE_SIZE; i++) {
        bool more = false;
        EPI__TRY(write_step(e, e->heap[0], snapshot));
        EPI__TRY(advance(&more, e, e->heap[0], snapshot));
        if (!more) e->heap[0] = e->heap[--e->heap_count];
        sift_down(e, 0);
    }
    return EPI_OK;
}

/* The recorders and their lanes, with the ends that they have now. */
static epi_status find_lanes(exporter *e, epi__snapshot *snapshot) {
    e->expected = snapshot->state.column_steps;
    EPI__TRY(epi__columns_recorders(&e->recorders, snapshot));
    for (size_t i = 0; i < e->recorders.count; i++) e->lane_count += e->recorders.items[i].lane_count;
    e->lanes = epi__alloc_zero(e->lane_count + 1, sizeof *e->lanes);
    e->heap = epi__alloc_zero(e->lane_count + 1, sizeof *e->heap);
    if (!e->lanes || !e->heap) return epi__fail_memory(MODULE, e->lane_count * sizeof *e->lanes);
    lane *next = e->lanes;
    for (size_t i = 0; i < e->recorders.count; i++) {
        const epi__recorder_info *info = &e->recorders.items[i];
        for (uint32_t j = 0; j < info->lane_count; j++, next++) {
            next->place = (epi__lane_place){.recorder = info->id, .lane = j};
            next->recorder = (uint32_t)i + 1;
            next->end = epi__lane_end(epi__columns_of(snapshot->mirror), info->id, j);
        }
    }
    return EPI_OK;
}

static epi_status with_snapshot(exporter *e, epi_status (*make)(exporter *e, epi__snapshot *snapshot)) {
    epi__snapshot snapshot;
    EPI__TRY(epi__snapshot_begin(&snapshot, e->space->mirror));
    epi_status status = make(e, &snapshot);
    epi__snapshot_end(&snapshot);
    return status;
}

/* ---- the file --------------------------------------------------------------------------------------------------- */

static epi_status write_page(exporter *e, bool (*write)(void *context, const char *text, size_t size), void *context) {
    if (!write(context, (const char *)e->page.data, e->page.size))
        return epi__fail(EPI_ECANCELLED, MODULE, "the export was stopped by its writer");
    epi__buffer_clear(&e->page);
    return EPI_OK;
}

static epi_status write_file(exporter *e, bool (*write)(void *context, const char *text, size_t size), void *context) {
    EPI__TRY(epi_json_writer_new(&e->writer, false));
    EPI__TRY(with_snapshot(e, find_lanes));
    EPI__TRY(write_head(e));
    do {
        EPI__TRY(write_page(e, write, context));
        EPI__TRY(with_snapshot(e, make_page));
    } while (e->page.size > 0);
    EPI__TRY(write_end(e));
    return write_page(e, write, context);
}

epi_status epi__export_columns(epi_salvage_report *lost, epi_space *space,
                               bool (*write)(void *context, const char *text, size_t size), void *context) {
    exporter e = {.space = space, .schema = epi_space_schema(space)};
    e.layout = epi__columns_layout(epi__columns_of(space->mirror));
    epi_status status = write_file(&e, write, context);
    if (lost != NULL && e.expected > e.steps) lost->steps = e.expected - e.steps;
    epi_json_writer_free(e.writer);
    epi__recorders_dispose(&e.recorders);
    epi__buffer_dispose(&e.page);
    epi__buffer_dispose(&e.scratch);
    epi__free(e.lanes);
    epi__free(e.heap);
    return status;
}
