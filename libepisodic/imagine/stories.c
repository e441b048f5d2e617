/* stories.c - reading steps into numbers; see stories.h. The rows are scanned once, in order of id, and then put in
 * order of episode and place. */
#include "stories.h"

#include <stdlib.h>

#include "../memory/filter.h"
#include "../store/component.h"

#define MODULE "imagine"

struct loader {
    epi__stories *stories;
    epi__snapshot *snapshot;
    size_t row_capacity, word_capacity, episode_capacity;
    epi__map episode_at; /* id -> place */
};

/* Room for one more. */
static epi_status reserve(void **items, size_t *capacity, size_t count, size_t size) {
    if (count < *capacity) return EPI_OK;
    size_t more = *capacity ? *capacity * 2 : 256;
    void *grown = epi__realloc(*items, more, size);
    if (!grown) return epi__fail_memory(MODULE, more * size);
    *items = grown;
    *capacity = more;
    return EPI_OK;
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

/* Where the hash is, or would be: values whose hashes begin alike stand one behind the other. */
static uint32_t find_word(uint64_t *key, const epi__stories *s, const epi__hash128 *hash) {
    uint64_t number = 0;
    for (*key = hash->low; epi__map_get(&s->numbers, *key, &number); ++*key)
        if (s->words[number].hash.low == hash->low && s->words[number].hash.high == hash->high) return (uint32_t)number;
    return 0;
}

uint32_t epi__stories_number(const epi__stories *stories, const void *data, size_t size) {
    uint64_t key;
    epi__hash128 hash = epi__hash128_of(data, size);
    return size ? find_word(&key, stories, &hash) : 0;
}

static epi_status intern(uint32_t *number, struct loader *loader, epi__view value) {
    epi__stories *s = loader->stories;
    uint64_t key;
    epi__hash128 hash = epi__hash128_of(value.data, value.size);
    *number = value.size ? find_word(&key, s, &hash) : 0;
    if (*number || value.size == 0) return EPI_OK;
    void *words = s->words;
    epi_status status = reserve(&words, &loader->word_capacity, s->word_count, sizeof *s->words);
    s->words = words;
    EPI__TRY(status);
    size_t size = EPI__MIN(value.size, (size_t)EPI__STORY_VALUE_MAX);
    char *text = epi__arena_text(&s->arena, value.data, size);
    if (!text || s->word_count >= UINT32_MAX || !epi__map_put(&s->numbers, key, s->word_count))
        return epi__fail_memory(MODULE, size);
    *number = (uint32_t)s->word_count;
    s->words[s->word_count++] = (epi__story_value){text, size, hash};
    return EPI_OK;
}

/* ---- episodes and rows ------------------------------------------------------------------------------------------ */

static epi_status read_episode(struct loader *loader, uint64_t id, epi__view body) {
    epi__stories *s = loader->stories;
    epi__episode_record record;
    EPI__TRY(epi__episode_decode(&record, body));
    void *episodes = s->episodes;
    epi_status status = reserve(&episodes, &loader->episode_capacity, s->episode_count, sizeof *s->episodes);
    s->episodes = episodes;
    EPI__TRY(status);
    if (s->episode_count >= UINT32_MAX || !epi__map_put(&loader->episode_at, id, s->episode_count))
        return epi__fail_memory(MODULE, sizeof record);
    s->episodes[s->episode_count++] = (epi__story_episode){id, record.ended, record.has_reward, record.reward};
    return EPI_OK;
}

static epi_status read_values(struct loader *loader, size_t row, const epi__row *stored) {
    epi__stories *s = loader->stories;
    uint32_t *values = s->values + row * s->role_count;
    epi__reader reader = stored->rest;
    epi__value value;
    epi__view data;
    memset(values, 0, s->role_count * sizeof *values);
    for (uint8_t i = 0; i < stored->tag_count; i++) (void)epi__read_bytes(&reader);
    epi__value_decode(&value, &reader);
    for (uint8_t i = 0; i < stored->part_count; i++) {
        epi__value_decode(&value, &reader);
        if (reader.failed || value.role >= s->role_count) break;
        EPI__TRY(epi__component_get(&data, loader->snapshot->tx.txn, loader->snapshot->mirror->space, &value));
        EPI__TRY(intern(&values[value.role], loader, data));
    }
    if (!reader.failed) return EPI_OK;
    return epi__fail(EPI_EDAMAGED, MODULE, "step %llu has a part that cannot be read",
                     (unsigned long long)s->rows[row].step);
}

static bool is_evidence(const epi__mirror *mirror, uint64_t step, const epi__row *stored) {
    const epi__mark *mark = epi__mirror_mark(mirror, step);
    if (mark && (mark->superseded_by || mark->forgotten_at != EPI_TIME_NONE)) return false;
    return !(stored->flags & EPI_STEP_IMAGINED);
}

static epi_status read_row(struct loader *loader, uint64_t step, epi__view body) {
    epi__stories *s = loader->stories;
    epi__row stored;
    uint64_t episode;
    size_t capacity = loader->row_capacity;
    EPI__TRY(epi__row_decode(&stored, body));
    if (!is_evidence(loader->snapshot->mirror, step, &stored)) return EPI_OK;
    if (!epi__map_get(&loader->episode_at, stored.episode, &episode)) return EPI_OK;
    void *rows = s->rows;
    epi_status status = reserve(&rows, &loader->row_capacity, s->row_count, sizeof *s->rows);
    s->rows = rows;
    EPI__TRY(status);
    if (loader->row_capacity != capacity) {
        uint32_t *values = epi__realloc(s->values, loader->row_capacity, s->role_count * sizeof *values);
        if (!values) return epi__fail_memory(MODULE, loader->row_capacity * s->role_count * sizeof *values);
        s->values = values;
    }
    const epi__run *run = epi__mirror_run(loader->snapshot->mirror, step);
    uint32_t index = run ? (uint32_t)(run->first_index + (step - run->first)) : 0;
    s->rows[s->row_count] = (epi__story_row){step, (uint32_t)episode, index, stored.reward};
    EPI__TRY(read_values(loader, s->row_count, &stored));
    s->row_count++;
    return EPI_OK;
}

struct placed {
    epi__story_row row;
    size_t from;
};

static int by_place(const void *a, const void *b) {
    const epi__story_row *x = &((const struct placed *)a)->row, *y = &((const struct placed *)b)->row;
    if (x->episode != y->episode) return x->episode < y->episode ? -1 : 1;
    if (x->index != y->index) return x->index < y->index ? -1 : 1;
    return (x->step > y->step) - (x->step < y->step);
}

/* Rows that came in the order of their ids stand by episode and place from now on. */
static epi_status put_in_order(epi__stories *s) {
    struct placed *placed = epi__realloc(NULL, s->row_count + 1, sizeof *placed);
    uint32_t *values = epi__realloc(NULL, s->row_count + 1, s->role_count * sizeof *values);
    if (placed && values) {
        for (size_t i = 0; i < s->row_count; i++) placed[i] = (struct placed){s->rows[i], i};
        if (s->row_count) qsort(placed, s->row_count, sizeof *placed, by_place);
        for (size_t i = 0; i < s->row_count; i++) {
            s->rows[i] = placed[i].row;
            memcpy(values + i * s->role_count, s->values + placed[i].from * s->role_count,
                   s->role_count * sizeof *values);
        }
        epi__free(s->values);
        s->values = values;
        values = NULL;
    }
    bool ordered = placed && !values;
    epi__free(values);
    epi__free(placed);
    return ordered ? EPI_OK : epi__fail_memory(MODULE, s->row_count * sizeof *placed);
}

static epi_status read_table(struct loader *loader, uint8_t table,
                             epi_status (*read)(struct loader *loader, uint64_t id, epi__view body)) {
    epi__scan scan = {0};
    epi__view key, body;
    const epi__snapshot *snapshot = loader->snapshot;
    epi_status status = epi__scan_table(&scan, snapshot->tx.txn, snapshot->mirror->space, table);
    while (!status && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK)
        status = read(loader, epi__key_id(key), body);
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

/* ---- one for each change ---------------------------------------------------------------------------------------- */

void epi__stories_release(epi__stories *stories) {
    if (!stories || atomic_fetch_sub(&stories->references, 1) > 1) return;
    for (size_t i = 0; i < EPI__COUNT(stories->derived); i++)
        if (stories->derived_free[i]) stories->derived_free[i](stories->derived[i]);
    pthread_mutex_destroy(&stories->mutex);
    epi__arena_dispose(&stories->arena);
    epi__map_dispose(&stories->numbers);
    epi__free(stories->rows);
    epi__free(stories->values);
    epi__free(stories->episodes);
    epi__free(stories->words);
    epi__free(stories);
}

static void release_kept(void *stories) {
    epi__stories_release(stories);
}

static epi_status load(epi__stories **made, epi__snapshot *snapshot) {
    epi__stories *s = epi__alloc_zero(1, sizeof *s);
    if (!s) return epi__fail_memory(MODULE, sizeof *s);
    struct loader loader = {.stories = s, .snapshot = snapshot, .word_capacity = 256};
    atomic_init(&s->references, 1);
    pthread_mutex_init(&s->mutex, NULL);
    s->sequence = snapshot->state.sequence;
    s->schema = &snapshot->mirror->schema->schema;
    s->role_count = s->schema->role_count;
    s->words = epi__alloc_zero(loader.word_capacity, sizeof *s->words);
    s->word_count = 1;
    epi_status status = s->words ? EPI_OK : epi__fail_memory(MODULE, loader.word_capacity * sizeof *s->words);
    if (!status) s->words[0].data = "";
    if (!status) status = read_table(&loader, EPI__TABLE_EPISODE, read_episode);
    if (!status) status = read_table(&loader, EPI__TABLE_STEP, read_row);
    if (!status) status = put_in_order(s);
    epi__map_dispose(&loader.episode_at);
    if (status)
        epi__stories_release(s);
    else
        *made = s;
    return status;
}

/* Those at hand, if they are of this sequence; else NULL. With a reference for the caller. */
static epi__stories *kept(epi__mirror *mirror, uint64_t sequence) {
    epi__store_lock(mirror->store);
    epi__stories *s = mirror->stories;
    if (s && s->sequence == sequence)
        atomic_fetch_add(&s->references, 1);
    else
        s = NULL;
    epi__store_unlock(mirror->store);
    return s;
}

static void keep(epi__mirror *mirror, epi__stories *stories) {
    atomic_fetch_add(&stories->references, 1);
    epi__store_lock(mirror->store);
    epi__stories *before = mirror->stories;
    mirror->stories = stories;
    mirror->stories_free = release_kept;
    epi__store_unlock(mirror->store);
    epi__stories_release(before);
}

static epi_status read_anew(epi__stories **stories, epi__mirror *mirror) {
    epi__snapshot snapshot;
    EPI__TRY(epi__snapshot_begin(&snapshot, mirror));
    epi_status status = load(stories, &snapshot);
    epi__snapshot_end(&snapshot);
    if (!status) keep(mirror, *stories);
    return status;
}

epi_status epi__stories_acquire(epi__stories **stories, epi_space *space) {
    epi__snapshot snapshot;
    *stories = NULL;
    EPI__TRY(epi__space_check_handle(space));
    EPI__TRY(epi__snapshot_begin(&snapshot, space->mirror));
    uint64_t sequence = snapshot.state.sequence;
    epi__snapshot_end(&snapshot);
    *stories = kept(space->mirror, sequence);
    return *stories ? EPI_OK : read_anew(stories, space->mirror);
}
