/* operations_replay_view.c - replay_view: what a sampler would draw and what this server drew, for the page.
 *
 * A uniform sample of the space's steps is asked for its priorities and laid out in the order of ids, which is about
 * that of time: by age, how high priorities are, which share of the draws they ask for, and which share was drawn; and
 * how many steps have which priority. Nothing of the sampler is changed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "operation_table.h"
#include "render.h"
#include "sampler_shelf.h"

#define SAMPLE_DEFAULT 4096u
#define AGES 20u
#define HEIGHTS 20u

/* Steps by id, with what is known of each. */
typedef struct view {
    size_t count;
    uint64_t *ids;
    double *priorities;
    uint64_t *drawn; /* ids that this server drew lately, sorted */
    size_t drawn_count;
    uint64_t draws; /* all that it ever drew by this sampler */
} view;

static int compare_ids(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void dispose(view *v) {
    free(v->ids);
    free(v->priorities);
    free(v->drawn);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* A uniform sample of ids, by a sampler that nobody else sees. */
static epi_status sample_ids(view *v, epi_space *space, size_t wanted) {
    epi_replay *uniform = NULL;
    epi_replay_stats stats;
    epi_replay_options options = epi_replay_options_default();
    epi_batch batch = epi_batch_default();
    options.sampler = EPI_SAMPLER_UNIFORM;
    options.without_replacement = true;
    v->ids = calloc(wanted, sizeof *v->ids);
    v->priorities = calloc(wanted, sizeof *v->priorities);
    if (v->ids == NULL || v->priorities == NULL) return EPI_ENOMEM;
    epi_status status = epi_replay_open(&uniform, space, &options);
    if (status == EPI_OK) status = epi_replay_stats_read(&stats, uniform);
    if (status == EPI_OK && stats.steps > 0) {
        batch.size = stats.steps < wanted ? (size_t)stats.steps : wanted;
        batch.ids = v->ids;
        status = epi_replay_sample(uniform, &batch, 0.0);
        v->count = batch.count;
    }
    epi_replay_close(uniform);
    qsort(v->ids, v->count, sizeof *v->ids, compare_ids);
    return status;
}

/* The sampler to look at: of a number, of a name, or one that has no name and no past. */
static epi_status find_sampler(shelved_sampler **shelved, epi_replay **own, operation_call *call, epi_space *space) {
    epi_replay_options options = epi_replay_options_default();
    uint64_t number = argument_integer(call, "replay", 0);
    options.name = argument_text(call, "name", NULL);
    options.alpha = argument_number(call, "alpha", options.alpha);
    if (number > 0) *shelved = sampler_take(number);
    if (number == 0 && options.name != NULL) *shelved = sampler_take_named(space, options.name);
    if (*shelved != NULL && (*shelved)->space != space) {
        sampler_return(*shelved);
        *shelved = NULL;
    }
    if (*shelved != NULL) return EPI_OK;
    if (number > 0) return operation_fail(call, EPI_ENOTFOUND, "no sampler of that number is open over this space");
    return epi_replay_open(own, space, &options);
}

static epi_status read_view(view *v, epi_replay_stats *stats, operation_call *call, epi_space *space) {
    shelved_sampler *shelved = NULL;
    epi_replay *own = NULL;
    size_t wanted = (size_t)argument_integer(call, "limit", SAMPLE_DEFAULT);
    epi_status status = sample_ids(v, space, wanted);
    if (status == EPI_OK) status = find_sampler(&shelved, &own, call, space);
    epi_replay *replay = shelved != NULL ? shelved->replay : own;
    if (status == EPI_OK) status = epi_replay_stats_read(stats, replay);
    if (status == EPI_OK && v->count > 0) status = epi_replay_priorities(v->priorities, replay, v->ids, v->count);
    if (status == EPI_OK && shelved != NULL) v->drawn = sampler_drawn(&v->drawn_count, &v->draws, shelved);
    if (v->drawn != NULL) qsort(v->drawn, v->drawn_count, sizeof *v->drawn, compare_ids);
    epi_replay_close(own);
    sampler_return(shelved);
    return status;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

/* How many of the draws were of steps up to this id. */
static size_t drawn_until(const view *v, uint64_t id) {
    size_t low = 0, high = v->drawn_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (v->drawn[middle] <= id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double weight(double priority, double alpha) {
    return priority > 0.0 ? pow(priority, alpha) : 0.0; /* -1: it is gone */
}

static void put_age(epi_json_writer *writer, const view *v, size_t from, size_t to, double alpha, double total) {
    double sum = 0.0, weighed = 0.0;
    for (size_t i = from; i < to; i++) {
        sum += v->priorities[i] > 0.0 ? v->priorities[i] : 0.0;
        weighed += weight(v->priorities[i], alpha);
    }
    size_t before = from == 0 ? 0 : drawn_until(v, v->ids[from - 1]);
    size_t until = to == v->count ? v->drawn_count : drawn_until(v, v->ids[to - 1]);
    epi_json_begin_object(writer, NULL);
    epi_json_put_unsigned(writer, "first", v->ids[from]);
    epi_json_put_unsigned(writer, "last", v->ids[to - 1]);
    epi_json_put_unsigned(writer, "sampled_steps", to - from);
    epi_json_put_number(writer, "priority_mean", sum / (double)(to - from));
    epi_json_put_number(writer, "share_expected", total > 0.0 ? weighed / total : 0.0);
    epi_json_put_unsigned(writer, "drawn", until - before);
    epi_json_end(writer);
}

static void put_ages(epi_json_writer *writer, const view *v, double alpha) {
    double total = 0.0;
    for (size_t i = 0; i < v->count; i++) total += weight(v->priorities[i], alpha);
    epi_json_begin_array(writer, "ages");
    for (size_t i = 0; i < AGES; i++) {
        size_t from = v->count * i / AGES, to = v->count * (i + 1) / AGES;
        if (to > from) put_age(writer, v, from, to, alpha, total);
    }
    epi_json_end(writer);
}

/* Equal parts of the logarithm from the least to the greatest. */
static void put_heights(epi_json_writer *writer, const view *v) {
    double least = INFINITY, greatest = 0.0;
    size_t counts[HEIGHTS] = {0};
    for (size_t i = 0; i < v->count; i++) {
        if (v->priorities[i] <= 0.0) continue;
        least = fmin(least, v->priorities[i]);
        greatest = fmax(greatest, v->priorities[i]);
    }
    double range = greatest > least ? log(greatest / least) : 1.0;
    for (size_t i = 0; i < v->count; i++) {
        if (v->priorities[i] <= 0.0) continue;
        size_t place = (size_t)(log(v->priorities[i] / least) / range * HEIGHTS);
        counts[place < HEIGHTS ? place : HEIGHTS - 1]++;
    }
    epi_json_begin_array(writer, "priorities");
    for (size_t i = 0; greatest > 0.0 && i < HEIGHTS; i++) {
        epi_json_begin_object(writer, NULL);
        epi_json_put_number(writer, "from", least * exp(range * (double)i / HEIGHTS));
        epi_json_put_number(writer, "to", least * exp(range * (double)(i + 1) / HEIGHTS));
        epi_json_put_unsigned(writer, "steps", counts[i]);
        epi_json_end(writer);
    }
    epi_json_end(writer);
}

static void put_stats(epi_json_writer *writer, const epi_replay_stats *stats) {
    epi_json_put_unsigned(writer, "steps", stats->steps);
    epi_json_put_unsigned(writer, "inserted", stats->inserted);
    epi_json_put_unsigned(writer, "sampled", stats->sampled);
    epi_json_put_unsigned(writer, "updated", stats->updated);
    epi_json_put_number(writer, "greatest_priority", stats->greatest_priority);
    epi_json_put_unsigned(writer, "memory_bytes", stats->memory_size);
}

static epi_status run_replay_view(operation_call *call) {
    view v = {0};
    epi_space *space = NULL;
    epi_replay_stats stats = {0};
    double alpha = argument_number(call, "alpha", epi_replay_options_default().alpha);
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status == EPI_OK) status = read_view(&v, &stats, call, space);
    if (status == EPI_OK) {
        render_text(call->result, "space", epi_space_name(space));
        put_stats(call->result, &stats);
        epi_json_put_unsigned(call->result, "draws", v.draws);
        put_ages(call->result, &v, alpha);
        put_heights(call->result, &v);
    }
    dispose(&v);
    return status;
}

const operation operation_replay_view = {
    .name = "replay_view",
    .title = "View of replay",
    .description = "Shows a sampler over a space of transitions: from the oldest steps to the newest, how high their "
                   "priorities are, which share of draws these ask for, and how many of this server's draws they had; "
                   "and how many steps have which priority. From a uniform sample of the steps.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{" SCHEMA_SPACE ",\"replay\":{\"type\":\"integer\",\"minimum\":1},"
        "\"name\":{\"type\":\"string\",\"minLength\":1},\"alpha\":{\"type\":\"number\",\"minimum\":0,\"maximum\":16},"
        "\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":65536,\"default\":4096}},"
        "\"additionalProperties\":false}",
    .output_schema =
        "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"steps\":{\"type\":\"integer\"},"
        "\"sampled\":{\"type\":\"integer\"},\"updated\":{\"type\":\"integer\"},\"draws\":{\"type\":\"integer\","
        "\"description\":\"By this server; the counts below are of the last 65,536.\"},\"ages\":{\"type\":\"array\","
        "\"items\":{\"type\":\"object\",\"properties\":{\"first\":{\"type\":\"integer\"},\"last\":{\"type\":"
        "\"integer\"},\"sampled_steps\":{\"type\":\"integer\"},\"priority_mean\":{\"type\":\"number\"},"
        "\"share_expected\":{\"type\":\"number\"},\"drawn\":{\"type\":\"integer\"}}}},\"priorities\":{\"type\":"
        "\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"from\":{\"type\":\"number\"},\"to\":{\"type\":"
        "\"number\"},\"steps\":{\"type\":\"integer\"}}}}},\"required\":[\"space\",\"steps\",\"ages\",\"priorities\"]}",
    .hints = OPERATION_READS | OPERATION_SLOW,
    .run = run_replay_view,
};
