/* operations_map.c - map: vectors of a space on a plane, for the page.
 *
 * A sample of steps, taken in evenly spaced runs of ids, is projected on the two directions in which it differs most
 * (epi_projection_learn). The plane is made anew at each call, from what is drawn on it.
 */
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "operation_table.h"
#include "render.h"

#define POINTS_DEFAULT 1000u
#define RUN 20u         /* steps read at once */
#define TEXT_SHOWN 120u /* bytes of a point's text */

typedef struct points {
    uint64_t *steps;
    float *vectors; /* count x dimension */
    float *places;  /* count x 2 */
    size_t count;
    size_t room;
    size_t dimension;
    double kept; /* share of the variance that the plane shows */
} points;

static void dispose(points *p) {
    free(p->steps);
    free(p->vectors);
    free(p->places);
}

static epi_status make_room(points *p, size_t room, size_t dimension) {
    p->room = room;
    p->dimension = dimension;
    p->steps = calloc(room, sizeof *p->steps);
    p->places = calloc(room * 2, sizeof *p->places);
    p->vectors = calloc(room * dimension, sizeof *p->vectors);
    return p->steps != NULL && p->places != NULL && p->vectors != NULL ? EPI_OK : EPI_ENOMEM;
}

static epi_status is_past(bool *past, epi_space *space, uint64_t id) {
    epi_recollection *found = NULL;
    epi_status status = epi_steps_read(&found, space, id, 1);
    *past = epi_recollection_count(found) == 0;
    epi_recollection_free(found);
    return status;
}

/* The greatest id there is, by halving. */
static epi_status last_id(uint64_t *last, epi_space *space) {
    uint64_t low = 0, high = 1;
    bool past = false;
    epi_status status = is_past(&past, space, high);
    while (status == EPI_OK && !past) {
        low = high;
        high *= 2;
        status = is_past(&past, space, high);
    }
    while (status == EPI_OK && high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        status = is_past(&past, space, middle);
        if (past)
            high = middle;
        else
            low = middle;
    }
    *last = high;
    return status;
}

/* A step without a vector of this dimension is left out. */
static epi_status add_step(points *p, epi_space *space, const epi_recalled_step *step, float *scratch) {
    size_t size = 0;
    if (step->forgotten || p->count == p->room) return EPI_OK;
    epi_status status = epi_step_vector(scratch, &size, space, step->id);
    if (status == EPI_ESTALE || status == EPI_ENOTFOUND) return EPI_OK;
    if (status != EPI_OK || size != p->dimension) return status;
    memcpy(p->vectors + p->count * p->dimension, scratch, size * sizeof *scratch);
    p->steps[p->count++] = step->id;
    return EPI_OK;
}

static epi_status add_run(points *p, epi_space *space, uint64_t after, float *scratch) {
    epi_recollection *found = NULL;
    epi_status status = epi_steps_read(&found, space, after, RUN);
    for (size_t i = 0; status == EPI_OK && i < epi_recollection_count(found); i++) {
        const epi_scene *scene = epi_recollection_scene(found, i);
        for (size_t j = 0; status == EPI_OK && j < scene->step_count; j++)
            status = add_step(p, space, epi_scene_step(scene, j), scratch);
    }
    epi_recollection_free(found);
    return status;
}

static epi_status sample(points *p, operation_call *call, epi_space *space) {
    uint64_t last = 0;
    float *scratch = malloc(EPI_DIMENSION_MAX * sizeof *scratch);
    epi_status status = scratch != NULL ? last_id(&last, space) : EPI_ENOMEM;
    size_t runs = (p->room + RUN - 1) / RUN;
    uint64_t spacing = last / runs > RUN ? last / runs : RUN;
    for (uint64_t after = 0; status == EPI_OK && after < last && p->count < p->room; after += spacing) {
        if (call->cancelled != NULL && call->cancelled(call->context)) status = EPI_ECANCELLED;
        if (status == EPI_OK) status = add_run(p, space, after, scratch);
    }
    free(scratch);
    return status;
}

/* Fewer than two different vectors have no plane: they all stand at its origin. */
static epi_status project(points *p) {
    epi_projection *projection = NULL;
    epi_projection_options options = epi_projection_options_default();
    options.dimension = p->dimension < 2 ? 1 : 2;
    options.scale = false;
    epi_status status = epi_projection_learn(&projection, p->vectors, p->count, p->dimension, &options);
    if (status == EPI_EINVAL) return EPI_OK;
    if (status == EPI_OK) status = epi_projection_apply(p->places, projection, p->vectors, p->count);
    if (status == EPI_OK) p->kept = epi_projection_kept(projection);
    epi_projection_free(projection);
    return status;
}

static void put_point(operation_call *call, epi_space *space, const points *p, size_t i) {
    epi_recollection *found = NULL;
    size_t wide = p->dimension < 2 ? 1 : 2;
    if (epi_step_read(&found, space, p->steps[i]) != EPI_OK) return; /* gone meanwhile */
    render_step_open(call->result, epi_scene_step(epi_recollection_scene(found, 0), 0), TEXT_SHOWN);
    epi_json_put_number(call->result, "x", (double)p->places[i * wide]);
    epi_json_put_number(call->result, "y", wide == 2 ? (double)p->places[i * wide + 1] : 0.0);
    epi_json_end(call->result);
    epi_recollection_free(found);
}

static epi_status run_map(operation_call *call) {
    points p = {0};
    epi_space *space = NULL;
    epi_space_stats stats;
    size_t room = (size_t)argument_integer(call, "limit", POINTS_DEFAULT);
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status == EPI_OK) status = epi_space_stats_read(&stats, space);
    if (status != EPI_OK) return status;
    if (stats.vectors > 0) {
        status = make_room(&p, room, (size_t)stats.dimension);
        if (status == EPI_OK) status = sample(&p, call, space);
        if (status == EPI_OK && p.count > 0) status = project(&p);
    }
    render_text(call->result, "space", epi_space_name(space));
    epi_json_put_unsigned(call->result, "vectors", stats.vectors);
    epi_json_put_unsigned(call->result, "dimension", stats.dimension);
    epi_json_put_number(call->result, "kept", p.kept);
    epi_json_begin_array(call->result, "points");
    for (size_t i = 0; status == EPI_OK && i < p.count; i++) put_point(call, space, &p, i);
    epi_json_end(call->result);
    dispose(&p);
    return status;
}

const operation operation_map = {
    .name = "map",
    .title = "Map",
    .description = "Puts a sample of a space's vectors on a plane: near points have similar vectors.",
    .input_schema = "{\"type\":\"object\",\"properties\":{\"limit\":{\"type\":\"integer\",\"minimum\":2,\"maximum\":"
                    "5000,\"default\":1000}," SCHEMA_SPACE "},\"additionalProperties\":false}",
    .output_schema =
        "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"vectors\":{\"type\":\"integer\"},"
        "\"dimension\":{\"type\":\"integer\"},\"kept\":{\"type\":\"number\",\"description\":\"Share of the vectors' "
        "variance that the plane shows.\"},\"points\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
        "\"properties\":{" SCHEMA_STEP_MEMBERS
        ",\"x\":{\"type\":\"number\"},\"y\":{\"type\":\"number\"}},\"required\":[\"step\","
        "\"episode\",\"time\",\"x\",\"y\"]}}},\"required\":[\"space\",\"points\"]}",
    .hints = OPERATION_READS | OPERATION_SLOW,
    .run = run_map,
};
