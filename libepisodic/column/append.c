/* append.c - rows into the images of open chunks.
 *
 * Idea: rows of one lane are copied in pieces, one memcpy a column. A piece ends where its chunk is full, where its
 * episode ends, or where what follows is not what the row said would follow. What a row says follows (its
 * next_observation) is put into the observation slot behind it; the next row of the lane is compared with it. Equal:
 * it is that row. Other: the row before is cut, and the slot becomes a final slot.
 *
 * Invariant: a call changes nothing or all. Every change of a lane or a chunk is noted before it is made (touch), and
 * taken back in turn when the call fails. Readers see rows once the chunk's extent is published.
 */
#include <math.h>
#include <stdlib.h>

#include "parts.h"

#define MODULE "column"

struct source {
    const uint8_t *data; /* NULL: not given */
    size_t stride;
};

/* The call's columns, resolved. */
struct rows {
    epi__columns *columns;
    epi__recorder_core *core;
    struct source sources[EPI__COLUMN_MAX]; /* by column of the layout */
    struct source terminated, truncated, next;
    int64_t at; /* ingest time of row 0; each row has one more */
    uint64_t *ids;
};

static const uint8_t *source_at(const struct source *source, size_t row) {
    return source->data + row * source->stride;
}

/* ---- what is given ---------------------------------------------------------------------------------------------- */

static struct source *find_source(epi_dtype *dtype, size_t *width, struct rows *rows, const char *name) {
    const epi__layout *layout = &rows->columns->layout;
    const epi_schema *schema = &rows->columns->mirror->schema->schema;
    int role = epi__schema_role(schema, name, strlen(name));
    *dtype = EPI_BOOL;
    *width = 1;
    if (strcmp(name, EPI_TERMINATED) == 0) return &rows->terminated;
    if (strcmp(name, EPI_TRUNCATED) == 0) return &rows->truncated;
    bool next = strcmp(name, EPI_NEXT_OBSERVATION) == 0;
    if (next) role = epi__schema_role(schema, EPI_OBSERVATION, strlen(EPI_OBSERVATION));
    if (role < 0) return NULL;
    int column = layout->role_column[role];
    *dtype = schema->roles[role].dtype;
    *width = layout->columns[column].width;
    return next ? &rows->next : &rows->sources[column];
}

static epi_status resolve_one(struct rows *rows, const epi_column *column) {
    epi_dtype dtype;
    size_t width;
    if (!column->role) return epi__fail(EPI_EINVAL, MODULE, "a column has no role");
    struct source *source = find_source(&dtype, &width, rows, column->role);
    if (!source) return epi__fail(EPI_EROLE, MODULE, "the space has no column \"%s\"", column->role);
    if (source->data) return epi__fail(EPI_EINVAL, MODULE, "column \"%s\" was given twice", column->role);
    if (!column->data) return epi__fail(EPI_EINVAL, MODULE, "column \"%s\" was at NULL", column->role);
    if (column->dtype != dtype)
        return epi__fail(EPI_ETYPE, MODULE, "column \"%s\" has dtype %d, its role has %d", column->role,
                         (int)column->dtype, (int)dtype);
    if (column->stride && column->stride < width)
        return epi__fail(EPI_EINVAL, MODULE, "column \"%s\" has a stride of %zu bytes, its rows have %zu", column->role,
                         column->stride, width);
    *source = (struct source){column->data, column->stride ? column->stride : width};
    return EPI_OK;
}

static epi_status resolve(struct rows *rows, const epi_column *columns, size_t count) {
    const epi_schema *schema = &rows->columns->mirror->schema->schema;
    for (size_t i = 0; i < count; i++) EPI__TRY(resolve_one(rows, &columns[i]));
    if (!rows->sources[rows->columns->layout.observation].data)
        return epi__fail(EPI_EINVAL, MODULE, "column \"%s\" is missing", EPI_OBSERVATION);
    for (size_t i = 0; i < schema->role_count; i++) {
        int column = rows->columns->layout.role_column[i];
        if ((schema->roles[i].flags & EPI_ROLE_REQUIRED) && column >= 0 && !rows->sources[column].data)
            return epi__fail(EPI_EINVAL, MODULE, "column \"%s\" is missing", schema->roles[i].name);
    }
    return EPI_OK;
}

static epi_status check_numbers(const struct source *source, size_t width, size_t count, const char *name,
                                double least) {
    for (size_t i = 0; source->data && i < count; i++) {
        double value;
        float narrow;
        if (width == sizeof narrow) {
            memcpy(&narrow, source_at(source, i), sizeof narrow);
            value = (double)narrow;
        } else {
            memcpy(&value, source_at(source, i), sizeof value);
        }
        if (!isfinite(value) || value < least)
            return epi__fail(EPI_ENUMBER, MODULE, "%s of row %zu was %g", name, i, value);
    }
    return EPI_OK;
}

static epi_status check_truths(const struct source *source, size_t width, size_t count, const char *name) {
    for (size_t i = 0; source->data && i < count; i++) {
        const uint8_t *row = source_at(source, i);
        for (size_t j = 0; j < width; j++)
            if (row[j] > 1) return epi__fail(EPI_ETYPE, MODULE, "%s of row %zu was %u", name, i, row[j]);
    }
    return EPI_OK;
}

static epi_status check_values(const struct rows *rows, size_t count) {
    const epi__layout *layout = &rows->columns->layout;
    const epi_schema *schema = &rows->columns->mirror->schema->schema;
    EPI__TRY(check_truths(&rows->terminated, 1, count, EPI_TERMINATED));
    EPI__TRY(check_truths(&rows->truncated, 1, count, EPI_TRUNCATED));
    for (size_t i = 0; i < schema->role_count; i++) {
        int column = layout->role_column[i];
        if (column < 0) continue;
        const struct source *source = &rows->sources[column];
        size_t width = layout->columns[column].width;
        if (column == layout->reward) EPI__TRY(check_numbers(source, width, count, EPI_REWARD, -HUGE_VAL));
        if (column == layout->priority) EPI__TRY(check_numbers(source, width, count, EPI_PRIORITY, 0.0));
        if (schema->roles[i].dtype == EPI_BOOL) EPI__TRY(check_truths(source, width, count, schema->roles[i].name));
    }
    return EPI_OK;
}

static epi_status check_call(const epi__recorder_core *core, const uint32_t *lanes, size_t count) {
    size_t row_size = core->columns->layout.row_size;
    if (count > EPI_APPEND_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "%zu rows in one call, limit %u", count, EPI_APPEND_COUNT_MAX);
    if (count > EPI_APPEND_SIZE_MAX / row_size && count > 1)
        return epi__fail(EPI_ELIMIT, MODULE, "%zu rows of %zu bytes in one call, limit %u bytes", count, row_size,
                         EPI_APPEND_SIZE_MAX);
    for (size_t i = 0; lanes && i < count; i++)
        if (lanes[i] >= core->record.lane_count)
            return epi__fail(EPI_EINVAL, MODULE, "row %zu is of lane %u, the recorder has %u", i, lanes[i],
                             core->record.lane_count);
    return EPI_OK;
}

/* ---- changing lanes and chunks, and taking it back --------------------------------------------------------------- */

static uint8_t *flags_at(const epi__columns *columns, const epi__image *image, uint32_t offset) {
    return image->data + columns->layout.columns[columns->layout.flags].offset + offset;
}

static epi_status note(epi__columns *columns, const epi__undo *undo) {
    if (columns->undo_count == columns->undo_capacity) {
        size_t capacity = EPI__MAX(columns->undo_capacity * 2, (size_t)64);
        epi__undo *grown = epi__realloc(columns->undo, capacity, sizeof *grown);
        if (!grown) return epi__fail_memory(MODULE, capacity * sizeof *grown);
        columns->undo = grown;
        columns->undo_capacity = capacity;
    }
    columns->undo[columns->undo_count++] = *undo;
    return EPI_OK;
}

/* Before the lane's chunk changes for the first time in a call. */
static epi_status touch(epi__lane_state *lane) {
    epi__columns *columns = lane->core->columns;
    epi__image *image = lane->chunk ? lane->chunk->image : NULL;
    if (!image || image->call == columns->call) return EPI_OK;
    epi__undo undo = {.lane = lane,
                      .before = *lane,
                      .chunk = lane->chunk,
                      .filled = image->filled,
                      .ahead = image->ahead,
                      .recut = image->recut};
    if (image->filled > 0) undo.last_flags = *flags_at(columns, image, image->filled - 1);
    EPI__TRY(note(columns, &undo));
    image->call = columns->call;
    return epi__chunk_dirty(columns, lane->chunk);
}

static epi_status begin_chunk(epi__lane_state *lane) {
    epi__columns *columns = lane->core->columns;
    epi__reserved taken;
    epi__chunk *chunk = NULL;
    epi__image *image = NULL;
    epi__undo undo = {.lane = lane, .before = *lane};
    EPI__TRY(epi__recorder_take(&taken, lane->core));
    epi_status status = epi__image_take(&image, columns);
    if (!status) {
        image->lane = lane;
        image->call = columns->call;
    }
    pthread_rwlock_wrlock(&columns->mirror->lock);
    if (!status) status = epi__chunk_add(&chunk, columns, taken.chunk, taken.seat);
    if (!status) {
        chunk->recorder = lane->core->record.id;
        chunk->lane = lane->number;
        chunk->previous = lane->newest;
        chunk->episode = lane->open ? lane->episode : 0;
        chunk->image = image;
        atomic_store_explicit(&chunk->data, image->data, memory_order_release);
        status = epi__chunk_link(columns, chunk);
        if (status) epi__chunk_drop(columns, chunk), image = NULL;
    }
    pthread_rwlock_unlock(&columns->mirror->lock);
    if (status) {
        epi__image_give(columns, image);
        epi__recorder_untake(lane->core, taken.chunk);
        return status;
    }
    undo.begun = chunk;
    status = note(columns, &undo);
    if (!status) {
        lane->chunk = chunk;
        lane->newest = chunk->number;
        return epi__chunk_dirty(columns, chunk);
    }
    pthread_rwlock_wrlock(&columns->mirror->lock);
    epi__chunk_drop(columns, chunk);
    pthread_rwlock_unlock(&columns->mirror->lock);
    epi__recorder_untake(lane->core, taken.chunk);
    return status;
}

static void take_back(epi__columns *columns, const epi__undo *undo) {
    if (undo->begun) {
        uint64_t number = undo->begun->number;
        epi__chunk_drop(columns, undo->begun);
        epi__recorder_untake(undo->lane->core, number);
    } else if (undo->chunk) {
        epi__image *image = undo->chunk->image;
        image->filled = undo->filled;
        image->ahead = undo->ahead;
        image->recut = undo->recut;
        if (undo->filled > 0)
            __atomic_store_n(flags_at(columns, image, undo->filled - 1), undo->last_flags, __ATOMIC_RELAXED);
        epi__chunk_publish(undo->chunk, image->filled, image->ahead);
        epi__look_at(columns, undo->chunk->seat, 0, columns->layout.capacity);
    }
    *undo->lane = undo->before;
}

/* Readers may be at the rows if they were published: they end first. */
static void roll_back(epi__columns *columns, size_t dirty) {
    while (columns->dirty_count > dirty) columns->dirty[--columns->dirty_count]->image->dirty = false;
    pthread_rwlock_wrlock(&columns->mirror->lock);
    while (columns->undo_count > 0) take_back(columns, &columns->undo[--columns->undo_count]);
    pthread_rwlock_unlock(&columns->mirror->lock);
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static uint8_t *observation_at(const epi__columns *columns, const epi__image *image, uint32_t offset) {
    const epi__column_place *place = &columns->layout.columns[columns->layout.observation];
    return image->data + place->offset + offset * place->width;
}

static size_t observation_width(const epi__columns *columns) {
    return columns->layout.columns[columns->layout.observation].width;
}

static void set_fixed(const epi__columns *columns, const epi__image *image, uint32_t offset, unsigned flags, int64_t at,
                      uint32_t index) {
    const epi__layout *layout = &columns->layout;
    __atomic_store_n(flags_at(columns, image, offset), (uint8_t)flags, __ATOMIC_RELAXED);
    memcpy(image->data + layout->columns[layout->at].offset + offset * sizeof at, &at, sizeof at);
    memcpy(image->data + layout->columns[layout->index].offset + offset * sizeof index, &index, sizeof index);
}

/* The observation ahead becomes a final slot; where the chunk is full it stays where it is. */
static void close_with_ahead(epi__lane_state *lane) {
    const epi__columns *columns = lane->core->columns;
    const epi__layout *layout = &columns->layout;
    epi__image *image = lane->chunk->image;
    uint32_t offset = image->filled;
    uint32_t index = lane->index;
    lane->open = false;
    lane->index = 0;
    if (!image->ahead || offset == layout->capacity) return;
    for (uint32_t i = 0; i < layout->column_count; i++)
        if ((int)i != layout->observation)
            memset(image->data + layout->columns[i].offset + offset * layout->columns[i].width, 0,
                   layout->columns[i].width);
    set_fixed(columns, image, offset, EPI__SLOT_FINAL, epi__slot_ingested(layout, image->data, offset - 1), index);
    image->filled++;
    image->ahead = false;
}

/* The last step becomes truncated. */
static void cut(epi__lane_state *lane) {
    epi__columns *columns = lane->core->columns;
    epi__image *image = lane->chunk->image;
    uint8_t *flags = flags_at(columns, image, image->filled - 1);
    __atomic_store_n(flags, (uint8_t)(*flags | EPI__SLOT_TRUNCATED), __ATOMIC_RELAXED);
    if (image->filled <= image->committed) image->recut = true;
    close_with_ahead(lane);
}

/* What the lane's last step has to do with the row that follows, and a chunk with room for it. */
static epi_status join(epi__lane_state *lane, const uint8_t *observation) {
    epi__columns *columns = lane->core->columns;
    size_t width = observation_width(columns);
    EPI__TRY(touch(lane));
    if (lane->chunk && lane->open) {
        epi__image *image = lane->chunk->image;
        uint8_t *ahead = observation_at(columns, image, image->filled);
        if (image->ahead && memcmp(ahead, observation, width) != 0) {
            cut(lane);
        } else if (!image->ahead && image->filled == columns->layout.capacity) {
            memcpy(ahead, observation, width);
            image->ahead = true;
        }
    }
    if (lane->chunk && lane->chunk->image->filled < columns->layout.capacity) return EPI_OK;
    return begin_chunk(lane);
}

static unsigned end_flags(const struct rows *rows, size_t row) {
    unsigned terminated = rows->terminated.data ? *source_at(&rows->terminated, row) : 0u;
    unsigned truncated = rows->truncated.data ? *source_at(&rows->truncated, row) : 0u;
    return terminated * EPI__SLOT_TERMINATED | truncated * EPI__SLOT_TRUNCATED;
}

/* How many rows from `row` on make one piece, at most `most`; *flags are the last one's end flags. */
static uint32_t piece_length(unsigned *flags, const struct rows *rows, size_t row, uint32_t most) {
    const struct source *observation = &rows->sources[rows->columns->layout.observation];
    size_t width = observation_width(rows->columns);
    for (uint32_t i = 0; i < most; i++) {
        *flags = end_flags(rows, row + i);
        if (*flags || i + 1 == most) return i + 1;
        if (rows->next.data && memcmp(source_at(&rows->next, row + i), source_at(observation, row + i + 1), width) != 0)
            return i + 1;
    }
    return most;
}

static void copy_column(uint8_t *to, size_t width, const struct source *source, size_t row, uint32_t count) {
    const uint8_t *from = source_at(source, row);
    if (source->stride == width) {
        memcpy(to, from, count * width);
        return;
    }
    for (uint32_t i = 0; i < count; i++, to += width, from += source->stride) memcpy(to, from, width);
}

/* What was not given: zero, and for a priority NaN, which stands for the greatest one seen. */
static void fill_column(uint8_t *to, size_t width, uint32_t count, bool priority) {
    float narrow = NAN;
    double wide = (double)NAN;
    memset(to, 0, count * width);
    for (uint32_t i = 0; priority && i < count; i++)
        memcpy(to + i * width, width == sizeof narrow ? (const void *)&narrow : (const void *)&wide, width);
}

/* An observation that is there already, as the one ahead, is not written again: readers may be at it. */
static void copy_rows(const struct rows *rows, const epi__image *image, size_t row, uint32_t count) {
    const epi__layout *layout = &rows->columns->layout;
    for (uint32_t i = 0; (int)i < layout->flags; i++) {
        size_t width = layout->columns[i].width;
        uint8_t *to = image->data + layout->columns[i].offset + image->filled * width;
        uint32_t there = (int)i == layout->observation && image->ahead;
        if (rows->sources[i].data)
            copy_column(to + there * width, width, &rows->sources[i], row + there, count - there);
        else
            fill_column(to, width, count, (int)i == layout->priority);
    }
}

static void put_piece(struct rows *rows, epi__lane_state *lane, size_t row, uint32_t count, unsigned end) {
    epi__columns *columns = rows->columns;
    epi__image *image = lane->chunk->image;
    uint64_t id = epi__slot_id(&columns->layout, lane->chunk, image->filled);
    copy_rows(rows, image, row, count);
    for (uint32_t i = 0; i < count; i++) {
        unsigned flags = (lane->open || i > 0 ? 0u : EPI__SLOT_FIRST) | (i + 1 == count ? end : 0u);
        set_fixed(columns, image, image->filled + i, flags, rows->at + (int64_t)(row + i), lane->index + i);
    }
    for (uint32_t i = 0; rows->ids && i < count; i++) rows->ids[row + i] = id + i;
    image->filled += count;
    image->ahead = rows->next.data != NULL;
    if (!lane->open) lane->episode = id;
    lane->index += count;
    lane->open = true;
    if (image->ahead)
        memcpy(observation_at(columns, image, image->filled), source_at(&rows->next, row + count - 1),
               observation_width(columns));
    if (end) close_with_ahead(lane);
}

static epi_status put_lane(struct rows *rows, epi__lane_state *lane, size_t row, size_t count) {
    const epi__columns *columns = rows->columns;
    while (count > 0) {
        unsigned end = 0;
        EPI__TRY(join(lane, source_at(&rows->sources[columns->layout.observation], row)));
        uint32_t room = columns->layout.capacity - lane->chunk->image->filled;
        uint32_t piece = piece_length(&end, rows, row, (uint32_t)EPI__MIN(count, (size_t)room));
        put_piece(rows, lane, row, piece, end);
        row += piece;
        count -= piece;
    }
    return EPI_OK;
}

static epi_status put_all(struct rows *rows, const uint32_t *lanes, size_t count) {
    for (size_t at = 0; at < count;) {
        size_t end = lanes ? at + 1 : count;
        while (end < count && lanes[end] == lanes[at]) end++;
        EPI__TRY(put_lane(rows, &rows->core->lanes[lanes ? lanes[at] : 0], at, end - at));
        at = end;
    }
    return EPI_OK;
}

/* ---- the call --------------------------------------------------------------------------------------------------- */

/* Lets readers of this process see what the call added. */
static void publish(epi__columns *columns) {
    for (size_t i = 0; i < columns->undo_count; i++) {
        const epi__undo *undo = &columns->undo[i];
        epi__chunk *chunk = undo->begun ? undo->begun : undo->chunk;
        if (!chunk) continue;
        uint32_t from = undo->begun || undo->filled == 0 ? 0 : undo->filled - 1;
        epi__chunk_publish(chunk, chunk->image->filled, chunk->image->ahead);
        epi__look_at(columns, chunk->seat, from, chunk->image->filled - from);
    }
}

static bool is_due(const epi__columns *columns) {
    const epi_memory_options *options = epi__store_options(columns->mirror->store);
    uint64_t size = columns->pending_rows * columns->layout.row_size;
    if (options->sync == EPI_SYNC_EACH_COMMIT) return true;
    if (options->sync == EPI_SYNC_MANUAL) return size >= EPI_PENDING_SIZE_MAX;
    return size >= options->group_size ||
           epi__clock_monotonic_us() - columns->oldest_us >= (uint64_t)options->group_ms * 1000u;
}

static void begin_call(epi__columns *columns) {
    columns->call++;
    columns->undo_count = 0;
    if (columns->dirty_count == 0) columns->oldest_us = epi__clock_monotonic_us();
}

static epi_status lost(const epi__recorder_core *core) {
    return epi__fail(EPI_ESTALE, MODULE, "recorder \"%s\" was opened again since", core->name);
}

/* Publishes and commits what a call has put, or takes it back. */
static epi_status end_call(epi__columns *columns, epi__recorder_core *core, epi_status status, size_t dirty,
                           uint64_t rows) {
    if (!status) {
        publish(columns);
        columns->pending_rows += rows;
        if (is_due(columns)) {
            bool each = epi__store_options(columns->mirror->store)->sync == EPI_SYNC_EACH_COMMIT;
            status = epi__columns_commit(columns, each);
        }
        if (status) columns->pending_rows -= EPI__MIN(rows, columns->pending_rows);
    }
    if (status && !core->lost) roll_back(columns, dirty);
    columns->undo_count = 0;
    return core->lost ? lost(core) : status;
}

static epi_status check_owner(const epi_recorder *recorder) {
    const epi__recorder_core *core = recorder->core;
    return core->lost || core->record.generation != recorder->generation ? lost(core) : EPI_OK;
}

static epi_status append_locked(uint64_t *ids, epi_recorder *recorder, const uint32_t *lanes, const epi_column *given,
                                size_t given_count, size_t count) {
    epi__recorder_core *core = recorder->core;
    epi__columns *columns = core->columns;
    struct rows rows = {.columns = columns, .core = core, .ids = ids};
    EPI__TRY(check_owner(recorder));
    EPI__TRY(check_call(core, lanes, count));
    EPI__TRY(resolve(&rows, given, given_count));
    EPI__TRY(check_values(&rows, count));
    rows.at = EPI__MAX(epi__store_now(columns->mirror->store), columns->last_at + 1);
    columns->last_at = rows.at + (int64_t)count - 1;
    size_t dirty = columns->dirty_count;
    begin_call(columns);
    epi_status status = put_all(&rows, lanes, count);
    return end_call(columns, core, status, dirty, count);
}

epi_status epi_transitions_append(uint64_t *ids, epi_recorder *recorder, const uint32_t *lanes,
                                  const epi_column *columns, size_t column_count, size_t count) {
    if (ids && count <= EPI_APPEND_COUNT_MAX) memset(ids, 0, count * sizeof *ids);
    if (!recorder) return epi__fail(EPI_EINVAL, MODULE, "recorder was NULL");
    EPI__TRY(epi__space_check_handle(recorder->space));
    if (count == 0) return EPI_OK;
    if (!columns) return epi__fail(EPI_EINVAL, MODULE, "columns was NULL");
    pthread_mutex_t *mutex = &recorder->space->mirror->pending_mutex;
    pthread_mutex_lock(mutex);
    epi_status status = append_locked(ids, recorder, lanes, columns, column_count, count);
    pthread_mutex_unlock(mutex);
    if (status && ids && count <= EPI_APPEND_COUNT_MAX) memset(ids, 0, count * sizeof *ids);
    return status;
}

static epi_status cut_locked(epi_recorder *recorder, uint32_t number) {
    epi__recorder_core *core = recorder->core;
    EPI__TRY(check_owner(recorder));
    if (number >= core->record.lane_count)
        return epi__fail(EPI_EINVAL, MODULE, "lane %u of a recorder that has %u", number, core->record.lane_count);
    epi__lane_state *lane = &core->lanes[number];
    size_t dirty = core->columns->dirty_count;
    if (!lane->chunk || !lane->open) return EPI_OK;
    begin_call(core->columns);
    epi_status status = touch(lane);
    if (!status) cut(lane);
    return end_call(core->columns, core, status, dirty, 0);
}

epi_status epi_recorder_cut(epi_recorder *recorder, uint32_t lane) {
    if (!recorder) return epi__fail(EPI_EINVAL, MODULE, "recorder was NULL");
    EPI__TRY(epi__space_check_handle(recorder->space));
    pthread_mutex_t *mutex = &recorder->space->mirror->pending_mutex;
    pthread_mutex_lock(mutex);
    epi_status status = cut_locked(recorder, lane);
    pthread_mutex_unlock(mutex);
    return status;
}
