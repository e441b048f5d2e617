/* sampler_shelf.c - samplers and recorders shared by requests; see sampler_shelf.h. One mutex guards the lists and is
 * never held over a call that samples or stores; each recorder has one of its own, because it takes one thread. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sampler_shelf.h"

typedef struct shelved_recorder {
    epi_space *space;
    char name[EPI_NAME_SIZE_MAX + 1];
    epi_recorder *recorder; /* NULL: to be opened */
    uint32_t lanes;
    pthread_mutex_t turn;
} shelved_recorder;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static shelved_sampler *samplers[SAMPLERS_MAX];
static shelved_recorder *recorders[RECORDERS_MAX];
static uint64_t last_number;

/* ---- samplers ---------------------------------------------------------------------------------------------------- */

static epi_status discard(shelved_sampler *sampler) {
    if (sampler == NULL) return EPI_OK;
    epi_status status = sampler->replay != NULL ? epi_replay_flush(sampler->replay) : EPI_OK;
    epi_replay_close(sampler->replay);
    free(sampler->drawn);
    free(sampler);
    return status == EPI_EREADONLY ? EPI_OK : status;
}

/* A free place, or that of the one nobody used for the longest time; SAMPLERS_MAX: all are in use. */
static size_t find_place(void) {
    size_t oldest = SAMPLERS_MAX;
    for (size_t i = 0; i < SAMPLERS_MAX; i++) {
        if (samplers[i] == NULL) return i;
        bool idle = samplers[i]->users == 0;
        if (idle && (oldest == SAMPLERS_MAX || samplers[i]->used_at < samplers[oldest]->used_at)) oldest = i;
    }
    return oldest;
}

static bool put_on_shelf(shelved_sampler **put_away, shelved_sampler *sampler) {
    pthread_mutex_lock(&mutex);
    size_t place = find_place();
    if (place < SAMPLERS_MAX) {
        *put_away = samplers[place];
        samplers[place] = sampler;
        sampler->number = ++last_number;
        sampler->used_at = epi_time_now();
    }
    pthread_mutex_unlock(&mutex);
    return place < SAMPLERS_MAX;
}

static uint64_t bits_of_states(const epi_space *space, const epi_replay_options *options) {
    const epi_schema *schema = epi_space_schema(space);
    uint64_t bits = 0;
    for (size_t i = 0; i < options->state_count; i++) {
        for (size_t role = 0; role < schema->role_count; role++)
            if (strcmp(schema->roles[role].name, options->states[i]) == 0) bits |= 1ull << role;
    }
    return bits;
}

epi_status sampler_open(uint64_t *number, epi_space *space, const epi_replay_options *options,
                        const sampler_goal *goal) {
    shelved_sampler *put_away = NULL;
    shelved_sampler *sampler = calloc(1, sizeof *sampler);
    *number = 0;
    if (sampler == NULL) return EPI_ENOMEM;
    sampler->space = space;
    sampler->options = *options;
    sampler->goal = *goal;
    sampler->options.her_reward = options->her != EPI_HER_NONE ? sampler_goal_reward : NULL;
    sampler->options.her_context = &sampler->goal;
    sampler->states = bits_of_states(space, options);
    epi_status status = epi_replay_open(&sampler->replay, space, &sampler->options);
    if (status == EPI_OK && options->name != NULL) strncpy(sampler->name, options->name, sizeof sampler->name - 1);
    if (status == EPI_OK && !put_on_shelf(&put_away, sampler)) status = EPI_EBUSY;
    if (status != EPI_OK) {
        discard(sampler);
        return status;
    }
    *number = sampler->number;
    discard(put_away);
    return EPI_OK;
}

static shelved_sampler *take(size_t place) {
    samplers[place]->users++;
    samplers[place]->used_at = epi_time_now();
    return samplers[place];
}

shelved_sampler *sampler_take(uint64_t number) {
    shelved_sampler *found = NULL;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < SAMPLERS_MAX && found == NULL; i++) {
        if (samplers[i] != NULL && samplers[i]->number == number) found = take(i);
    }
    pthread_mutex_unlock(&mutex);
    return found;
}

shelved_sampler *sampler_take_named(const epi_space *space, const char *name) {
    shelved_sampler *found = NULL;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < SAMPLERS_MAX && found == NULL; i++) {
        if (samplers[i] != NULL && samplers[i]->space == space && strcmp(samplers[i]->name, name) == 0) found = take(i);
    }
    pthread_mutex_unlock(&mutex);
    return found;
}

void sampler_return(shelved_sampler *sampler) {
    if (sampler == NULL) return;
    pthread_mutex_lock(&mutex);
    sampler->users--;
    pthread_mutex_unlock(&mutex);
}

bool sampler_close(epi_status *status, uint64_t number) {
    shelved_sampler *found = NULL;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < SAMPLERS_MAX; i++) {
        if (samplers[i] == NULL || samplers[i]->number != number || samplers[i]->users > 0) continue;
        found = samplers[i];
        samplers[i] = NULL;
    }
    pthread_mutex_unlock(&mutex);
    *status = discard(found);
    return found != NULL;
}

void sampler_note_drawn(shelved_sampler *sampler, const uint64_t *ids, size_t count) {
    pthread_mutex_lock(&mutex);
    if (sampler->drawn == NULL) sampler->drawn = calloc(SAMPLER_DRAWN_MAX, sizeof *sampler->drawn);
    for (size_t i = 0; sampler->drawn != NULL && i < count; i++)
        sampler->drawn[(sampler->draws + i) % SAMPLER_DRAWN_MAX] = ids[i];
    sampler->draws += count;
    pthread_mutex_unlock(&mutex);
}

uint64_t *sampler_drawn(size_t *count, uint64_t *draws, shelved_sampler *sampler) {
    pthread_mutex_lock(&mutex);
    size_t kept = sampler->draws < SAMPLER_DRAWN_MAX ? (size_t)sampler->draws : SAMPLER_DRAWN_MAX;
    uint64_t *copy = sampler->drawn != NULL && kept > 0 ? malloc(kept * sizeof *copy) : NULL;
    if (copy != NULL) memcpy(copy, sampler->drawn, kept * sizeof *copy);
    *count = copy != NULL ? kept : 0;
    *draws = sampler->draws;
    pthread_mutex_unlock(&mutex);
    return copy;
}

/* ---- recorders --------------------------------------------------------------------------------------------------- */

static shelved_recorder *new_recorder(epi_space *space, const char *name) {
    shelved_recorder *made = calloc(1, sizeof *made);
    if (made == NULL) return NULL;
    made->space = space;
    strncpy(made->name, name, sizeof made->name - 1);
    pthread_mutex_init(&made->turn, NULL);
    return made;
}

/* The one of that space and name, made when it is missing; NULL: the shelf is full. */
static shelved_recorder *find_recorder(epi_space *space, const char *name) {
    shelved_recorder *found = NULL;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < RECORDERS_MAX && found == NULL; i++) {
        if (recorders[i] == NULL) recorders[i] = new_recorder(space, name);
        if (recorders[i] == NULL) break;
        if (recorders[i]->space == space && strcmp(recorders[i]->name, name) == 0) found = recorders[i];
    }
    pthread_mutex_unlock(&mutex);
    return found;
}

/* Opens it when it is not, or has too few lanes. */
static epi_status make_ready(shelved_recorder *r, const char *name, uint32_t lanes) {
    if (r->recorder != NULL && r->lanes >= lanes) return EPI_OK;
    epi_recorder_close(r->recorder);
    r->recorder = NULL;
    epi_status status = epi_recorder_open(&r->recorder, r->space, name, lanes);
    if (status == EPI_OK) r->lanes = lanes;
    return status;
}

epi_status recorder_append(uint64_t *ids, epi_space *space, const char *name, uint32_t lanes, const uint32_t *lane_of,
                           const epi_column *columns, size_t column_count, size_t count) {
    if (strlen(name) > EPI_NAME_SIZE_MAX) return EPI_ELIMIT;
    shelved_recorder *r = find_recorder(space, name);
    if (r == NULL) return EPI_EBUSY;
    pthread_mutex_lock(&r->turn);
    epi_status status = make_ready(r, name, lanes);
    if (status == EPI_OK) status = epi_transitions_append(ids, r->recorder, lane_of, columns, column_count, count);
    if (status == EPI_ESTALE) { /* another process has it now; who asks again takes it back */
        epi_recorder_close(r->recorder);
        r->recorder = NULL;
    }
    pthread_mutex_unlock(&r->turn);
    return status;
}

epi_status shelf_close(void) {
    epi_status first = EPI_OK;
    for (size_t i = 0; i < SAMPLERS_MAX; i++) {
        epi_status status = discard(samplers[i]);
        samplers[i] = NULL;
        if (first == EPI_OK) first = status;
    }
    for (size_t i = 0; i < RECORDERS_MAX && recorders[i] != NULL; i++) {
        epi_recorder_close(recorders[i]->recorder);
        pthread_mutex_destroy(&recorders[i]->turn);
        free(recorders[i]);
        recorders[i] = NULL;
    }
    last_number = 0;
    return first;
}
