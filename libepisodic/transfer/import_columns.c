/* import_columns.c - steps of a JSONL file into a space of columns (docs/JSONL.md).
 *
 * Idea: steps of one recorder that give the same roles wait until some hundred have gathered, and are appended in one
 * call. They have no ids of the caller's, so what is there already is told by place: the first steps of a lane in the
 * file are compared with the live ones of the same recorder's lane, and only what comes behind these is appended.
 * Invariant: a recorder is opened, and so taken over, only when something is to be appended to it.
 * Ownership: the rows own their copies of values and the recorders' handles.
 */
#include "../column/column.h"
#include "transfer.h"

#define MODULE "transfer"
#define BATCH_COUNT 4096u
#define BATCH_SIZE EPI__IMPORT_BATCH_SIZE

typedef struct lane {
    epi__lane_place stored; /* what was compared */
    bool behind;            /* nothing more is stored: what comes is new */
    bool open;              /* the episode of the newest step goes on */
    uint64_t episode;       /* of it, a number of the file */
} lane;

typedef struct recorder {
    char *name;
    uint32_t lane_count;
    lane *lanes;
    epi_recorder *handle; /* NULL: nothing was appended */
} recorder;

struct epi__rows_sink {
    epi__sink *sink;
    const epi_schema *schema;
    const epi__layout *layout;
    recorder *recorders; /* by number in the file, from 1 */
    size_t recorder_count;
    /* rows that wait: */
    recorder *of;
    uint64_t given;                         /* bits of the roles that they have */
    epi__buffer values[EPI_PART_COUNT_MAX]; /* by role */
    epi__buffer terminated, truncated, next, lanes;
    bool has_next;
    size_t count, size, first_place, last_place;
};

static epi_status fail_memory(void) {
    return epi__fail_memory(MODULE, BATCH_SIZE);
}

/* ---- making ----------------------------------------------------------------------------------------------------- */

epi_status epi__rows_sink_new(epi__rows_sink **made, epi__sink *sink) {
    *made = NULL;
    const epi__columns *columns = epi__columns_of(sink->space->mirror);
    if (!columns) return EPI_OK;
    *made = epi__alloc_zero(1, sizeof **made);
    if (!*made) return epi__fail_memory(MODULE, sizeof **made);
    **made = (epi__rows_sink){
        .sink = sink, .schema = epi_space_schema(sink->space), .layout = epi__columns_layout(columns)};
    return EPI_OK;
}

void epi__rows_sink_free(epi__rows_sink *rows) {
    if (!rows) return;
    for (size_t i = 0; i < rows->recorder_count; i++) {
        epi_recorder_close(rows->recorders[i].handle);
        epi__free(rows->recorders[i].name);
        epi__free(rows->recorders[i].lanes);
    }
    for (size_t i = 0; i < EPI_PART_COUNT_MAX; i++) epi__buffer_dispose(&rows->values[i]);
    epi__buffer_dispose(&rows->terminated);
    epi__buffer_dispose(&rows->truncated);
    epi__buffer_dispose(&rows->next);
    epi__buffer_dispose(&rows->lanes);
    epi__free(rows->recorders);
    epi__free(rows);
}

/* ---- recorders -------------------------------------------------------------------------------------------------- */

/* The id of a recorder in the space; 0: it has none of that name. */
static epi_status stored_recorder(uint32_t *id, const epi__rows_sink *rows, const char *name) {
    epi__snapshot snapshot;
    epi__recorders list;
    *id = 0;
    EPI__TRY(epi__snapshot_begin(&snapshot, rows->sink->space->mirror));
    epi_status status = epi__columns_recorders(&list, &snapshot);
    epi__snapshot_end(&snapshot);
    EPI__TRY(status);
    for (size_t i = 0; i < list.count; i++)
        if (strcmp(list.items[i].name, name) == 0) *id = list.items[i].id;
    epi__recorders_dispose(&list);
    return EPI_OK;
}

size_t epi__rows_recorders(const epi__rows_sink *rows) {
    return rows->recorder_count;
}

epi_status epi__rows_recorder(epi__rows_sink *rows, size_t place, const char *name, uint32_t lanes) {
    uint32_t id = 0;
    for (size_t i = 0; i < rows->recorder_count; i++)
        if (strcmp(rows->recorders[i].name, name) == 0)
            return epi__sink_fail(rows->sink, place, "the recorder \"%s\" is there twice", name);
    EPI__TRY(stored_recorder(&id, rows, name));
    recorder *grown = epi__realloc(rows->recorders, rows->recorder_count + 1, sizeof *grown);
    if (!grown) return fail_memory();
    if (rows->of) rows->of = grown + (rows->of - rows->recorders);
    rows->recorders = grown;
    recorder *made = &grown[rows->recorder_count];
    *made = (recorder){.name = epi__alloc(strlen(name) + 1),
                       .lane_count = lanes,
                       .lanes = epi__alloc_zero(lanes, sizeof *made->lanes)};
    rows->recorder_count++; /* so that it is freed */
    if (!made->name || !made->lanes) return fail_memory();
    memcpy(made->name, name, strlen(name) + 1);
    for (uint32_t i = 0; i < lanes; i++)
        made->lanes[i] = (lane){.stored = {.recorder = id, .lane = i}, .behind = id == 0};
    return EPI_OK;
}

static epi_status open_recorder(const epi__rows_sink *rows, recorder *of) {
    return of->handle ? EPI_OK : epi_recorder_open(&of->handle, rows->sink->space, of->name, of->lane_count);
}

/* ---- appending -------------------------------------------------------------------------------------------------- */

static size_t columns_of(epi_column *columns, const epi__rows_sink *rows) {
    size_t count = 0;
    epi_dtype observation = EPI_DTYPE_NONE;
    for (size_t i = 0; i < rows->schema->role_count; i++) {
        const epi_role *role = &rows->schema->roles[i];
        if (rows->layout->role_column[i] == rows->layout->observation) observation = role->dtype;
        if (rows->given >> i & 1) columns[count++] = epi_column_of(role->name, role->dtype, rows->values[i].data, 0);
    }
    columns[count++] = epi_column_of(EPI_TERMINATED, EPI_BOOL, rows->terminated.data, 0);
    columns[count++] = epi_column_of(EPI_TRUNCATED, EPI_BOOL, rows->truncated.data, 0);
    if (rows->has_next) columns[count++] = epi_column_of(EPI_NEXT_OBSERVATION, observation, rows->next.data, 0);
    return count;
}

static void clear(epi__rows_sink *rows) {
    for (size_t i = 0; i < rows->schema->role_count; i++) epi__buffer_clear(&rows->values[i]);
    epi__buffer_clear(&rows->terminated);
    epi__buffer_clear(&rows->truncated);
    epi__buffer_clear(&rows->next);
    epi__buffer_clear(&rows->lanes);
    rows->count = rows->size = 0;
}

static bool is_about_content(epi_status status) {
    return status == EPI_ENUMBER || status == EPI_ETYPE || status == EPI_EINVAL;
}

epi_status epi__rows_flush(epi__rows_sink *rows) {
    epi_column columns[EPI_PART_COUNT_MAX + 3];
    if (rows->count == 0) return EPI_OK;
    epi_status status = open_recorder(rows, rows->of);
    if (!status)
        status = epi_transitions_append(NULL, rows->of->handle, (const uint32_t *)(const void *)rows->lanes.data,
                                        columns, columns_of(columns, rows), rows->count);
    if (!status) rows->sink->report->steps += rows->count;
    clear(rows);
    if (status && is_about_content(status))
        return epi__fail(status, MODULE, "lines %zu to %zu: %s", rows->first_place, rows->last_place,
                         epi_error_last()->message);
    return status ? status : epi__sink_progress(rows->sink);
}

static bool add_row(epi__rows_sink *rows, const epi__row_in *row) {
    bool failed = false;
    for (size_t i = 0; i < rows->schema->role_count; i++) {
        if (!(row->given >> i & 1)) continue;
        epi__buffer_append(&rows->values[i], row->values[i].data, row->values[i].size);
        rows->size += row->values[i].size;
        failed = failed || rows->values[i].failed;
    }
    if (row->next.data) epi__buffer_append(&rows->next, row->next.data, row->next.size);
    epi__buffer_append_u8(&rows->terminated, (row->flags & EPI_STEP_TERMINATED) != 0);
    epi__buffer_append_u8(&rows->truncated, (row->flags & EPI_STEP_TRUNCATED) != 0);
    epi__buffer_append(&rows->lanes, &row->lane, sizeof row->lane);
    return !failed && !rows->next.failed && !rows->lanes.failed && !rows->terminated.failed && !rows->truncated.failed;
}

static epi_status append_row(epi__rows_sink *rows, recorder *of, const epi__row_in *row) {
    bool other = of != rows->of || row->given != rows->given || (row->next.data != NULL) != rows->has_next;
    if (other || rows->count == BATCH_COUNT || rows->size >= BATCH_SIZE) EPI__TRY(epi__rows_flush(rows));
    if (rows->count == 0) rows->first_place = row->place;
    rows->of = of;
    rows->given = row->given;
    rows->has_next = row->next.data != NULL;
    if (!add_row(rows, row)) {
        clear(rows); /* half a row must not be appended */
        return fail_memory();
    }
    rows->last_place = row->place;
    rows->count++;
    return EPI_OK;
}

/* ---- what is there ---------------------------------------------------------------------------------------------- */

/* A priority that was not given is stored as NaN, and no file has one. */
static bool is_same(const epi__rows_sink *rows, const epi__lane_place *at, const epi__row_in *row) {
    unsigned flags = epi__slot_flags(rows->layout, at->chunk, at->data, at->offset);
    for (size_t i = 0; i < rows->schema->role_count; i++) {
        int column = rows->layout->role_column[i];
        if (column < 0 || (column == rows->layout->priority && !(row->given >> i & 1))) continue;
        const void *stored = epi__slot_at(rows->layout, at->data, column, at->offset);
        size_t width = rows->layout->columns[column].width;
        bool given = row->given >> i & 1;
        for (size_t j = 0; !given && j < width; j++)
            if (((const uint8_t *)stored)[j]) return false;
        if (given && memcmp(stored, row->values[i].data, width) != 0) return false;
    }
    unsigned ends = flags & EPI__SLOT_ENDED;
    return ends == row->flags || (ends == EPI__SLOT_TRUNCATED && row->flags == 0); /* cut since */
}

/* *there: the lane has the row already, as the next one behind those that were compared. */
static epi_status compare(bool *there, const epi__rows_sink *rows, const recorder *of, lane *l,
                          const epi__row_in *row) {
    epi__snapshot snapshot;
    *there = false;
    if (l->behind) return EPI_OK;
    EPI__TRY(epi__snapshot_begin(&snapshot, rows->sink->space->mirror));
    epi_status status = epi__lane_next(&l->stored, &snapshot);
    l->behind = l->stored.chunk == NULL;
    *there = !status && !l->behind;
    bool same = !*there || is_same(rows, &l->stored, row);
    epi__snapshot_end(&snapshot);
    EPI__TRY(status);
    if (same) return EPI_OK;
    return epi__fail(EPI_ECONFLICT, MODULE,
                     "line %zu: lane %u of recorder \"%s\" has another step in its place; import into another space",
                     row->place, row->lane, of->name);
}

/* ---- a row ------------------------------------------------------------------------------------------------------ */

/* Where the file begins an episode and the lane's goes on, that one is cut. */
static epi_status enter_episode(epi__rows_sink *rows, recorder *of, lane *l, const epi__row_in *row, bool there) {
    bool fresh = row->episode != l->episode;
    if (!fresh && !l->open) return epi__sink_fail(rows->sink, row->place, "its episode ended before");
    rows->sink->report->episodes += fresh;
    if (there || !fresh || !l->open) return EPI_OK;
    EPI__TRY(epi__rows_flush(rows));
    EPI__TRY(open_recorder(rows, of));
    return epi_recorder_cut(of->handle, row->lane);
}

epi_status epi__rows_step(epi__rows_sink *rows, const epi__row_in *row) {
    bool there = false;
    if (row->recorder == 0 || row->recorder > rows->recorder_count)
        return epi__sink_fail(rows->sink, row->place, "its recorder has no line before it");
    recorder *of = &rows->recorders[row->recorder - 1];
    if (row->lane >= of->lane_count)
        return epi__sink_fail(rows->sink, row->place, "it is of lane %u, its recorder has %u", row->lane,
                              of->lane_count);
    lane *l = &of->lanes[row->lane];
    EPI__TRY(compare(&there, rows, of, l, row));
    EPI__TRY(enter_episode(rows, of, l, row, there));
    l->episode = row->episode;
    l->open = row->flags == 0;
    rows->sink->report->present += there;
    return there ? EPI_OK : append_row(rows, of, row);
}
