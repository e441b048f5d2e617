/* service.c - the open memory of a server, its spaces by name, its rate limit and its counts; see service.h.
 *
 * Spaces are a list that only grows: an entry whose space was dropped is marked and passed over, and closed at the end,
 * because other threads may still be using its handle. One lock guards all, and is never held over a call that reads or
 * writes what is stored, but for opening a space.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "upkeep.h"

#define SPACES_MAX 4096u

typedef struct held_space {
    struct held_space *next;
    epi_space *space;
    bool gone;
} held_space;

struct service {
    service_options options;
    char *memory_path;
    char *space_name;
    char *work_space_name;
    epi_memory *memory;
    pthread_mutex_t lock;
    held_space *spaces;
    size_t space_count;
    double tokens; /* calls that may be made at once */
    epi_time filled_at;
    service_measure measures[SERVICE_MEASURES_MAX];
    upkeep *upkeep; /* NULL: none */
};

/* ---- opening --------------------------------------------------------------------------------------------------- */

static bool copy_text(char **copy, const char *text) {
    *copy = text != NULL ? strdup(text) : NULL;
    return text == NULL || *copy != NULL;
}

static bool copy_options(service *s, const service_options *options) {
    bool done = copy_text(&s->memory_path, options->memory) & copy_text(&s->space_name, options->space) &
                copy_text(&s->work_space_name, options->work_space);
    s->options = *options;
    s->options.memory = s->memory_path;
    s->options.space = s->space_name;
    s->options.work_space = s->work_space_name;
    s->tokens = options->calls_per_second;
    s->filled_at = epi_time_now();
    return done;
}

epi_status service_open(service **of, const service_options *options) {
    epi_memory_options memory = epi_memory_options_default();
    service *s = calloc(1, sizeof *s);
    *of = s;
    if (s == NULL) return EPI_ENOMEM;
    pthread_mutex_init(&s->lock, NULL);
    memory.read_only = options->read_only;
    memory.create = !options->read_only;
    memory.log = options->log;
    memory.log_context = options->log_context;
    epi_status status = copy_options(s, options) ? epi_memory_open(&s->memory, s->memory_path, &memory) : EPI_ENOMEM;
    if (status == EPI_OK) return EPI_OK;
    service_close(s);
    *of = NULL;
    return status;
}

epi_status service_close(service *of) {
    if (of == NULL) return EPI_OK;
    upkeep_stop(of->upkeep);
    for (held_space *next, *held = of->spaces; held != NULL; held = next) {
        next = held->next;
        epi_space_close(held->space);
        free(held);
    }
    epi_status status = epi_memory_close(of->memory);
    pthread_mutex_destroy(&of->lock);
    free(of->memory_path);
    free(of->space_name);
    free(of->work_space_name);
    free(of);
    return status;
}

const service_options *service_options_of(const service *of) {
    return &of->options;
}

epi_memory *service_memory(service *of) {
    return of->memory;
}

const char *service_default_space(const service *of, service_use use) {
    return use == FOR_WORK && of->work_space_name != NULL ? of->work_space_name : of->space_name;
}

/* ---- spaces ---------------------------------------------------------------------------------------------------- */

static held_space *find_held(service *s, const char *name) {
    for (held_space *held = s->spaces; held != NULL; held = held->next) {
        if (!held->gone && strcmp(epi_space_name(held->space), name) == 0) return held;
    }
    return NULL;
}

static bool is_named(const service *s, service_use use, const char *name) {
    const char *named = service_default_space(s, use);
    return named != NULL && strcmp(named, name) == 0;
}

static epi_status open_space(epi_space **space, service *s, service_use use, const char *name,
                             const epi_schema *schema) {
    epi_status status = epi_space_open(space, s->memory, name, NULL); /* whatever its schema is */
    if (schema == NULL && is_named(s, use, name))
        schema = use == FOR_WORK ? epi_schema_trajectory() : epi_schema_conversation();
    if (status != EPI_ENOTFOUND || schema == NULL || s->options.read_only) return status;
    return epi_space_open(space, s->memory, name, schema);
}

static epi_status hold_space(epi_space **space, service *s, service_use use, const char *name,
                             const epi_schema *schema) {
    if (s->space_count == SPACES_MAX) return EPI_ELIMIT;
    held_space *held = calloc(1, sizeof *held);
    epi_status status = held != NULL ? open_space(&held->space, s, use, name, schema) : EPI_ENOMEM;
    if (status != EPI_OK) {
        free(held);
        return status;
    }
    held->next = s->spaces;
    s->spaces = held;
    s->space_count++;
    *space = held->space;
    return EPI_OK;
}

epi_status service_space(epi_space **space, service *of, service_use use, const char *name, const epi_schema *schema) {
    epi_status status = EPI_OK;
    *space = NULL;
    if (of->options.only && !is_named(of, FOR_TALK, name) && !is_named(of, FOR_WORK, name)) return EPI_EPERMISSION;
    pthread_mutex_lock(&of->lock);
    const held_space *held = find_held(of, name);
    if (held != NULL)
        *space = held->space;
    else
        status = hold_space(space, of, use, name, schema);
    pthread_mutex_unlock(&of->lock);
    return status;
}

void service_recheck_space(service *of, epi_space *space) {
    epi_space_stats stats;
    if (epi_space_stats_read(&stats, space) != EPI_ESTALE) return;
    pthread_mutex_lock(&of->lock);
    for (held_space *held = of->spaces; held != NULL; held = held->next)
        if (held->space == space) held->gone = true;
    pthread_mutex_unlock(&of->lock);
}

epi_space **service_spaces(size_t *count, service *of) {
    pthread_mutex_lock(&of->lock);
    epi_space **spaces = calloc(of->space_count + 1, sizeof *spaces);
    *count = 0;
    for (const held_space *held = of->spaces; spaces != NULL && held != NULL; held = held->next)
        if (!held->gone) spaces[(*count)++] = held->space;
    pthread_mutex_unlock(&of->lock);
    return spaces;
}

/* ---- upkeep ---------------------------------------------------------------------------------------------------- */

void service_begin_upkeep(service *of) {
    if (!of->options.read_only && of->upkeep == NULL) of->upkeep = upkeep_start(of);
}

void service_touch(service *of) {
    upkeep_touch(of->upkeep);
}

/* ---- how often ------------------------------------------------------------------------------------------------- */

unsigned service_take(service *of) {
    double rate = of->options.calls_per_second;
    unsigned wait_ms = 0;
    if (rate <= 0.0) return 0;
    pthread_mutex_lock(&of->lock);
    epi_time now = epi_time_now();
    double passed = now > of->filled_at ? (double)(now - of->filled_at) / 1e6 : 0.0;
    of->filled_at = now;
    of->tokens += passed * rate;
    double full = rate > 1.0 ? rate : 1.0; /* a second's worth */
    if (of->tokens > full) of->tokens = full;
    if (of->tokens >= 1.0)
        of->tokens -= 1.0;
    else
        wait_ms = 1 + (unsigned)((1.0 - of->tokens) / rate * 1e3);
    pthread_mutex_unlock(&of->lock);
    return wait_ms;
}

/* ---- what was done --------------------------------------------------------------------------------------------- */

static size_t bucket_of(uint64_t took_us) {
    size_t bucket = 0;
    for (uint64_t end = 64; bucket + 1 < SERVICE_BUCKETS && took_us > end; end *= 2) bucket++;
    return bucket;
}

void service_count(service *of, size_t kind, bool failed, uint64_t took_us) {
    if (kind >= SERVICE_MEASURES_MAX) return;
    pthread_mutex_lock(&of->lock);
    service_measure *measure = &of->measures[kind];
    measure->calls++;
    measure->failures += failed;
    measure->total_us += took_us;
    measure->buckets[bucket_of(took_us)]++;
    pthread_mutex_unlock(&of->lock);
}

service_measure service_measured(service *of, size_t kind) {
    service_measure measure = {0};
    pthread_mutex_lock(&of->lock);
    if (kind < SERVICE_MEASURES_MAX) measure = of->measures[kind];
    pthread_mutex_unlock(&of->lock);
    return measure;
}
