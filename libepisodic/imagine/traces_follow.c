/* traces_follow.c - reading steps into arrays, and following what is appended, removed and evicted; see traces.h. The
 * only file of imagining that knows how transitions are stored.
 *
 * Loading looks at every slot once; after that the columns say which slots to look at again. A slot is made what the
 * columns say of it now, so looking twice, or late, does no harm. Slots that are new are noted first, and added in the
 * order of ingesting, so that lanes interleave as they did when they were recorded.
 *
 * A row that was seen pending may turn out never to have been stored, and its id go to another step: a slot that is
 * looked at again is compared with its row.
 */
#include "traces_follow.h"

#include <stdlib.h>

#include "../math/math.h"

#define MODULE "imagine"
#define GONE_MIN 4096u /* rows gone before it is worth loading anew to be rid of them */
#define LOOK_COUNT 256u

/* A slot that is to become a row. */
struct slot {
    int64_t at;
    epi__chunk *chunk;
    uint32_t offset;
};

/* ... and where its columns are. */
struct place {
    epi__chunk *chunk;
    const uint8_t *data;
    uint32_t offset;
};

struct loader {
    epi__traces *traces;
    epi__snapshot *snapshot;
    epi__columns *columns;
    const epi__layout *layout;
    struct slot *slots;
    size_t slot_count, slot_capacity;
};

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static bool grow(void **items, size_t count, size_t size) {
    void *grown = epi__realloc(*items, count, size);
    if (grown) *items = grown;
    return grown != NULL;
}

#define GROW(field, capacity, width) (items = t->field, ok = grow(&items, capacity, width), t->field = items, ok)

static epi_status reserve(epi__traces *t) {
    if (t->count < t->capacity) return EPI_OK;
    size_t more = t->capacity ? t->capacity * 2 : 1024;
    void *items;
    bool ok;
    if (t->count >= EPI__ROWS_MAX) return epi__fail(EPI_ELIMIT, MODULE, "more than %u steps", EPI__ROWS_MAX);
    if (!GROW(steps, more, sizeof *t->steps) || !GROW(episodes, more, sizeof *t->episodes) ||
        !GROW(indices, more, sizeof *t->indices) || !GROW(rewards, more, sizeof *t->rewards) ||
        !GROW(observations, more, t->observation_size * sizeof *t->observations) ||
        !GROW(actions, more, t->action_size + 1u) || !GROW(flags, more, 1) || !GROW(next, more, sizeof *t->next) ||
        !GROW(previous, more, sizeof *t->previous))
        return epi__fail_memory(MODULE, more * t->observation_size * sizeof(float));
    t->capacity = more;
    return EPI_OK;
}

#define CONVERT(type)                                          \
    for (size_t i = 0; i < count; i++) {                       \
        type value;                                            \
        memcpy(&value, from + i * sizeof value, sizeof value); \
        to[i] = (float)value;                                  \
    }                                                          \
    return

static void to_f32(float *to, const uint8_t *from, epi_dtype dtype, size_t count) {
    switch (dtype) {
    case EPI_F64: CONVERT(double);
    case EPI_I8: CONVERT(int8_t);
    case EPI_I16: CONVERT(int16_t);
    case EPI_I32: CONVERT(int32_t);
    case EPI_I64: CONVERT(int64_t);
    case EPI_U16: CONVERT(uint16_t);
    case EPI_U32: CONVERT(uint32_t);
    case EPI_U64: CONVERT(uint64_t);
    case EPI_U8:
    case EPI_BOOL: CONVERT(uint8_t);
    case EPI_F32:
    case EPI_DTYPE_NONE:
    default: memcpy(to, from, count * sizeof *to);
    }
}

/* The observation of a slot, or of the one behind the chunk's last, into the place of the next row. */
static epi_status read_observation(bool *finite, const struct loader *loader, const struct place *place,
                                   uint32_t offset) {
    epi__traces *t = loader->traces;
    EPI__TRY(reserve(t));
    float *to = t->observations + t->count * t->observation_size;
    to_f32(to, epi__slot_at(loader->layout, place->data, loader->layout->observation, offset), t->observation_dtype,
           t->observation_size);
    *finite = epi__math_all_finite(to, t->observation_size);
    return EPI_OK;
}

static double reward_of(const epi__layout *layout, const struct place *place) {
    double wide = 0;
    float narrow;
    if (layout->reward < 0) return 0;
    const void *from = epi__slot_at(layout, place->data, layout->reward, place->offset);
    if (layout->columns[layout->reward].width == sizeof wide) {
        memcpy(&wide, from, sizeof wide);
        return wide;
    }
    memcpy(&narrow, from, sizeof narrow);
    return (double)narrow;
}

/* A step into the place of the next row, which is not counted yet. */
static epi_status read_step(bool *finite, const struct loader *loader, const struct place *place) {
    epi__traces *t = loader->traces;
    const epi__layout *layout = loader->layout;
    EPI__TRY(read_observation(finite, loader, place, place->offset));
    const size_t row = t->count;
    t->steps[row] = epi__slot_id(layout, place->chunk, place->offset);
    t->episodes[row] = epi__slot_episode(layout, place->chunk, place->data, place->offset);
    t->indices[row] = epi__slot_index(layout, place->data, place->offset);
    t->rewards[row] = reward_of(layout, place);
    if (t->action_size)
        memcpy(t->actions + row * t->action_size, epi__slot_at(layout, place->data, layout->action, place->offset),
               t->action_size);
    t->flags[row] = 0;
    t->next[row] = t->previous[row] = EPI__NO_ROW;
    return EPI_OK;
}

static bool is_same_step(const epi__traces *t, size_t a, size_t b) {
    return t->episodes[a] == t->episodes[b] && t->indices[a] == t->indices[b] && t->rewards[a] == t->rewards[b] &&
           memcmp(t->observations + a * t->observation_size, t->observations + b * t->observation_size,
                  t->observation_size * sizeof(float)) == 0 &&
           memcmp(t->actions + a * t->action_size, t->actions + b * t->action_size, t->action_size) == 0;
}

/* ---- links ------------------------------------------------------------------------------------------------------ */

static void unlink_next(epi__traces *t, uint32_t row) {
    if (t->next[row] != EPI__NO_ROW) t->previous[t->next[row]] = EPI__NO_ROW;
    t->next[row] = EPI__NO_ROW;
}

static void link_rows(epi__traces *t, uint32_t row, uint32_t next) {
    unlink_next(t, row);
    if (t->previous[next] != EPI__NO_ROW) t->next[t->previous[next]] = EPI__NO_ROW;
    t->next[row] = next;
    t->previous[next] = row;
}

static void leave(epi__traces *t, uint32_t row) {
    unlink_next(t, row);
    if (t->previous[row] != EPI__NO_ROW) unlink_next(t, t->previous[row]);
    t->flags[row] |= EPI__TRACE_GONE;
    t->gone_count++;
}

static bool leads_to_final(const epi__traces *t, uint32_t row) {
    return t->next[row] != EPI__NO_ROW && (t->flags[t->next[row]] & EPI__TRACE_FINAL);
}

static epi_status add_final(struct loader *loader, uint32_t row, const struct place *place) {
    epi__traces *t = loader->traces;
    bool finite = false;
    EPI__TRY(read_observation(&finite, loader, place, place->offset + 1));
    unlink_next(t, row);
    if (!finite) return EPI_OK;
    const size_t added = t->count++;
    t->steps[added] = 0;
    t->episodes[added] = t->episodes[row];
    t->indices[added] = t->indices[row] + 1;
    t->rewards[added] = 0;
    memset(t->actions + added * t->action_size, 0, t->action_size);
    t->flags[added] = EPI__TRACE_FINAL;
    t->next[added] = t->previous[added] = EPI__NO_ROW;
    link_rows(t, row, (uint32_t)added);
    return EPI_OK;
}

/* The row of the step that follows in the episode, if it has one. */
static uint32_t row_behind(const struct loader *loader, const struct place *place) {
    if (place->offset + 1 < loader->layout->capacity)
        return epi__traces_row(loader->traces, epi__slot_id(loader->layout, place->chunk, place->offset + 1));
    return epi__traces_row(loader->traces, place->chunk->next << loader->layout->shift);
}

/* Makes what a step led to, and how it ended, what the columns say now. */
static epi_status settle_at(struct loader *loader, uint32_t row, const struct place *place) {
    epi__traces *t = loader->traces;
    const unsigned ended = epi__slot_flags(loader->layout, place->chunk, place->data, place->offset) & EPI__SLOT_ENDED;
    t->flags[row] = (uint8_t)ended;
    if (ended && epi__slot_has_next(loader->layout, place->chunk, place->data, place->offset))
        return leads_to_final(t, row) ? EPI_OK : add_final(loader, row, place);
    const uint32_t behind = ended ? EPI__NO_ROW : row_behind(loader, place);
    if (leads_to_final(t, row)) leave(t, t->next[row]);
    if (behind == t->next[row]) return EPI_OK;
    if (behind == EPI__NO_ROW)
        unlink_next(t, row);
    else
        link_rows(t, row, behind);
    return EPI_OK;
}

/* A step whose chunk is gone is looked at yet. */
static epi_status settle(struct loader *loader, uint32_t row) {
    const uint64_t step = loader->traces->steps[row];
    struct place place = {.chunk = epi__columns_chunk(loader->columns, step >> loader->layout->shift),
                          .offset = (uint32_t)step & (loader->layout->capacity - 1u)};
    if (!place.chunk) return EPI_OK;
    EPI__TRY(epi__chunk_data(&place.data, loader->snapshot, place.chunk));
    return settle_at(loader, row, &place);
}

/* ---- slots ------------------------------------------------------------------------------------------------------ */

uint32_t epi__traces_row(const epi__traces *traces, uint64_t step) {
    const epi__layout *layout = epi__columns_layout(epi__columns_of(traces->mirror));
    uint64_t seat = 0;
    if (!epi__map_get(&traces->seat_of, step >> layout->shift, &seat)) return EPI__NO_ROW;
    return traces->seats[seat].rows[step & (layout->capacity - 1u)];
}

static epi_status drop(struct loader *loader, uint32_t *row) {
    epi__traces *t = loader->traces;
    const uint32_t dropped = *row, before = t->previous[dropped];
    *row = EPI__NO_ROW;
    if (leads_to_final(t, dropped)) leave(t, t->next[dropped]);
    leave(t, dropped);
    return before == EPI__NO_ROW ? EPI_OK : settle(loader, before);
}

static epi_status vacate(struct loader *loader, epi__traces_seat *seat) {
    if (!seat->chunk) return EPI_OK;
    for (uint32_t i = 0; i < loader->layout->capacity; i++)
        if (seat->rows[i] != EPI__NO_ROW) EPI__TRY(drop(loader, &seat->rows[i]));
    (void)epi__map_remove(&loader->traces->seat_of, seat->chunk);
    seat->chunk = 0;
    return EPI_OK;
}

static epi_status reserve_seat(epi__traces *t, uint32_t seat) {
    if (seat < t->seat_count) return EPI_OK;
    const size_t count = EPI__MAX(t->seat_count * 2, (size_t)seat + 16u);
    epi__traces_seat *grown = epi__realloc(t->seats, count, sizeof *grown);
    if (!grown) return epi__fail_memory(MODULE, count * sizeof *grown);
    memset(grown + t->seat_count, 0, (count - t->seat_count) * sizeof *grown);
    t->seats = grown;
    t->seat_count = count;
    return EPI_OK;
}

/* The seat's rows are those of this chunk from now on; NULL: of none. */
static epi_status occupy(struct loader *loader, uint32_t number, const epi__chunk *chunk) {
    epi__traces *t = loader->traces;
    const uint32_t capacity = loader->layout->capacity;
    EPI__TRY(reserve_seat(t, number));
    epi__traces_seat *seat = &t->seats[number];
    if (chunk && seat->chunk == chunk->number) return EPI_OK;
    EPI__TRY(vacate(loader, seat));
    if (!chunk) return EPI_OK;
    if (!seat->rows) seat->rows = epi__alloc(capacity * sizeof *seat->rows);
    if (!seat->rows || !epi__map_put(&t->seat_of, chunk->number, number))
        return epi__fail_memory(MODULE, capacity * sizeof *seat->rows);
    for (uint32_t i = 0; i < capacity; i++) seat->rows[i] = EPI__NO_ROW;
    seat->chunk = chunk->number;
    return EPI_OK;
}

static epi_status note(struct loader *loader, const struct place *place) {
    if (loader->slot_count == loader->slot_capacity) {
        const size_t capacity = EPI__MAX(loader->slot_capacity * 2, (size_t)256);
        struct slot *grown = epi__realloc(loader->slots, capacity, sizeof *grown);
        if (!grown) return epi__fail_memory(MODULE, capacity * sizeof *grown);
        loader->slots = grown;
        loader->slot_capacity = capacity;
    }
    loader->slots[loader->slot_count++] = (struct slot){epi__slot_ingested(loader->layout, place->data, place->offset),
                                                        place->chunk, place->offset};
    return EPI_OK;
}

static bool is_step(const struct loader *loader, const struct place *place) {
    return place->offset < epi__chunk_count(place->chunk) && !epi__slot_is_gone(place->chunk, place->offset) &&
           !(epi__slot_stored_flags(loader->layout, place->data, place->offset) & EPI__SLOT_FINAL);
}

static epi_status look_at_slot(struct loader *loader, uint32_t *row, const struct place *place) {
    const bool step = is_step(loader, place);
    bool same = false;
    if (*row == EPI__NO_ROW) return step ? note(loader, place) : EPI_OK;
    if (step) {
        EPI__TRY(read_step(&same, loader, place));
        same = same && is_same_step(loader->traces, *row, loader->traces->count);
    }
    if (same) return settle_at(loader, *row, place);
    EPI__TRY(drop(loader, row));
    return step ? note(loader, place) : EPI_OK;
}

static epi_status look_at(struct loader *loader, const epi__look *look) {
    struct place place = {.chunk = epi__columns_seat(loader->columns, look->seat)};
    EPI__TRY(occupy(loader, look->seat, place.chunk));
    if (!place.chunk) return EPI_OK;
    EPI__TRY(epi__chunk_data(&place.data, loader->snapshot, place.chunk));
    const uint32_t end = EPI__MIN(look->first + look->count, loader->layout->capacity);
    for (place.offset = look->first; place.offset < end; place.offset++)
        EPI__TRY(look_at_slot(loader, &loader->traces->seats[look->seat].rows[place.offset], &place));
    return EPI_OK;
}

/* ---- what is new ------------------------------------------------------------------------------------------------ */

static epi_status add(struct loader *loader, const struct slot *slot) {
    epi__traces *t = loader->traces;
    struct place place = {.chunk = slot->chunk, .offset = slot->offset};
    uint32_t *row = &t->seats[slot->chunk->seat].rows[slot->offset];
    bool finite = false;
    EPI__TRY(epi__chunk_data(&place.data, loader->snapshot, place.chunk));
    if (*row != EPI__NO_ROW || !is_step(loader, &place)) return EPI_OK; /* noted twice, or taken back since */
    EPI__TRY(read_step(&finite, loader, &place));
    if (!finite) return EPI_OK;
    *row = (uint32_t)t->count++;
    EPI__TRY(settle_at(loader, *row, &place));
    EPI__TRY(epi__slot_preceding(&place.chunk, &place.offset, loader->snapshot));
    const uint32_t before = place.chunk ? epi__traces_row(t, epi__slot_id(loader->layout, place.chunk, place.offset))
                                        : EPI__NO_ROW;
    return before == EPI__NO_ROW ? EPI_OK : settle(loader, before);
}

static int by_time(const void *a, const void *b) {
    const struct slot *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    if (x->chunk != y->chunk) return x->chunk->number < y->chunk->number ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static epi_status add_noted(struct loader *loader) {
    bool sorted = true;
    for (size_t i = 1; sorted && i < loader->slot_count; i++)
        sorted = by_time(&loader->slots[i - 1], &loader->slots[i]) <= 0;
    if (!sorted) qsort(loader->slots, loader->slot_count, sizeof *loader->slots, by_time);
    for (size_t i = 0; i < loader->slot_count; i++) EPI__TRY(add(loader, &loader->slots[i]));
    return EPI_OK;
}

/* ---- loading and following -------------------------------------------------------------------------------------- */

static epi_status look_at_all(struct loader *loader) {
    epi__traces *t = loader->traces;
    t->look_next = epi__columns_look_next(loader->columns);
    const size_t count = EPI__MAX(t->seat_count, (size_t)epi__columns_seat_count(loader->columns));
    for (uint32_t seat = 0; seat < count; seat++)
        EPI__TRY(look_at(loader, &(epi__look){seat, 0, loader->layout->capacity}));
    return EPI_OK;
}

static epi_status load(struct loader *loader) {
    epi__traces *t = loader->traces;
    for (size_t i = 0; i < t->seat_count; i++) t->seats[i].chunk = 0;
    epi__map_clear(&t->seat_of);
    t->count = t->gone_count = 0;
    t->generation++;
    return look_at_all(loader);
}

/* Where it is no longer known what changed, every slot is looked at; rows that are as they were keep their places. */
static epi_status follow(struct loader *loader) {
    epi__look looks[LOOK_COUNT];
    size_t count = 0;
    do {
        if (!epi__columns_looks(looks, &count, LOOK_COUNT, &loader->traces->look_next, loader->columns))
            return look_at_all(loader);
        for (size_t i = 0; i < count; i++) EPI__TRY(look_at(loader, &looks[i]));
    } while (count == LOOK_COUNT);
    return EPI_OK;
}

epi_status epi__traces_update(epi__traces *t, epi__snapshot *snapshot) {
    epi__columns *columns = epi__columns_of(t->mirror);
    struct loader loader = {t, snapshot, columns, epi__columns_layout(columns), NULL, 0, 0};
    const bool crowded = t->gone_count >= GONE_MIN && t->gone_count > t->count / 4;
    epi_status status = t->loaded && !crowded ? follow(&loader) : load(&loader);
    if (!status) status = add_noted(&loader);
    epi__free(loader.slots);
    t->loaded = status == EPI_OK; /* half-applied changes are made good by loading anew */
    t->revision++;
    return status;
}
