/* graph_add.c - adding to a knowledge graph: what a call adds is gathered, and stored in one transaction; see graph.h.
 *
 * Room is made once, so that steps and episodes can point to what lies beside them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "render.h"

/* What a step points to. */
typedef struct draft {
    epi_part parts[2];
    char id[GRAPH_ID_SIZE];
    const char *tag;
    char *words; /* NULL: the text is borrowed */
    epi_json_writer *metadata;
} draft;

/* What an episode is begun with. */
typedef struct opening {
    epi_episode_options options;
    char id[GRAPH_ID_SIZE];
} opening;

struct graph_addition {
    epi_experience *experiences;
    opening *openings; /* one each */
    size_t count;
    epi_step *steps;
    draft *drafts; /* one each */
    size_t step_count;
    const char **ids; /* of the steps, at their hashes; NULL: nothing there */
    size_t id_mask;
};

graph_addition *graph_addition_new(size_t names, size_t steps) {
    graph_addition *made = calloc(1, sizeof *made);
    size_t places = 16;
    while (places < 2 * steps) places *= 2;
    if (made == NULL) return NULL;
    made->id_mask = places - 1;
    made->ids = calloc(places, sizeof *made->ids);
    made->experiences = calloc(names + 1, sizeof *made->experiences);
    made->openings = calloc(names + 1, sizeof *made->openings);
    made->steps = calloc(steps + 1, sizeof *made->steps);
    made->drafts = calloc(steps + 1, sizeof *made->drafts);
    if (made->experiences != NULL && made->openings != NULL && made->steps != NULL && made->drafts != NULL &&
        made->ids != NULL)
        return made;
    graph_addition_free(made);
    return NULL;
}

void graph_addition_free(graph_addition *addition) {
    if (addition == NULL) return;
    for (size_t i = 0; i < addition->step_count; i++) {
        free(addition->drafts[i].words);
        epi_json_writer_free(addition->drafts[i].metadata);
    }
    free(addition->experiences);
    free(addition->openings);
    free(addition->steps);
    free(addition->drafts);
    free(addition->ids);
    free(addition);
}

/* Where an id is, or would be put. */
static size_t place_of(const graph_addition *addition, const char *id) {
    uint64_t hash = strtoull(id + 17, NULL, 16); /* the second of an id's two hashes */
    size_t at = (size_t)(hash + (unsigned char)id[16]) & addition->id_mask;
    while (addition->ids[at] != NULL && strcmp(addition->ids[at], id) != 0) at = (at + 1) & addition->id_mask;
    return at;
}

bool graph_addition_has(const graph_addition *addition, const char *id) {
    return addition->ids[place_of(addition, id)] != NULL;
}

/* The episode of a name, begun if need be; steps that follow are its. */
static epi_experience *open_name(graph_addition *addition, const char *name) {
    opening *o = &addition->openings[addition->count];
    epi_experience *made = &addition->experiences[addition->count++];
    o->options = epi_episode_options_default();
    o->options.external_id = graph_id(o->id, GRAPH_NAME, name, NULL, NULL);
    o->options.title = strlen(name) <= EPI_TITLE_SIZE_MAX ? name : NULL;
    *made = epi_experience_default();
    made->begin = &o->options;
    made->steps = &addition->steps[addition->step_count];
    return made;
}

/* A step that d says, whose id and words are there. */
static void put_step(graph_addition *addition, epi_experience *episode, graph_kind kind, const char *name,
                     const char *text, const char *metadata) {
    draft *d = &addition->drafts[addition->step_count];
    epi_step *step = &addition->steps[addition->step_count++];
    d->parts[0] = epi_part_text("speaker", name);
    d->parts[1] = epi_part_text("text", text);
    d->tag = graph_tag(kind);
    *step = epi_step_default();
    step->parts = d->parts;
    step->part_count = 2;
    step->external_id = d->id;
    step->tags = &d->tag;
    step->tag_count = 1;
    step->metadata = metadata;
    episode->step_count++;
    addition->ids[place_of(addition, d->id)] = d->id;
}

static char *write_words(const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    char *words = size < 0 ? NULL : malloc((size_t)size + 1);
    if (words != NULL) vsnprintf(words, (size_t)size + 1, format, again);
    va_end(again);
    va_end(arguments);
    return words;
}

/* An object of texts, which the draft keeps; NULL: out of memory. */
static const char *describe(draft *d, const char *const names[3], const char *const texts[3]) {
    if (epi_json_writer_new(&d->metadata, false) != EPI_OK) return NULL;
    epi_json_begin_object(d->metadata, NULL);
    for (size_t i = 0; i < 3 && names[i] != NULL; i++) render_text(d->metadata, names[i], texts[i]);
    epi_json_end(d->metadata);
    return epi_json_writer_text(NULL, d->metadata);
}

/* "name (type)" as words, and both apart as metadata. */
static epi_status put_entity(graph_addition *addition, epi_experience *episode, const char *name, const char *type) {
    draft *d = &addition->drafts[addition->step_count];
    graph_id(d->id, GRAPH_ENTITY, name, NULL, NULL);
    d->words = write_words("%s (%s)", name, type);
    const char *metadata = describe(d, (const char *const[]){"name", "entityType", NULL},
                                    (const char *const[]){name, type, NULL});
    put_step(addition, episode, GRAPH_ENTITY, name, d->words, metadata);
    return d->words != NULL && metadata != NULL ? EPI_OK : EPI_ENOMEM;
}

epi_status graph_add(graph_addition *addition, const char *name, const char *type, const char *const *observations,
                     size_t count) {
    if (type == NULL && count == 0) return EPI_OK;
    epi_experience *episode = open_name(addition, name);
    epi_status status = type != NULL ? put_entity(addition, episode, name, type) : EPI_OK;
    for (size_t i = 0; i < count; i++) {
        graph_id(addition->drafts[addition->step_count].id, GRAPH_OBSERVATION, name, observations[i], NULL);
        put_step(addition, episode, GRAPH_OBSERVATION, name, observations[i], NULL);
    }
    return status;
}

static epi_status relate_from(graph_addition *addition, const char *name, graph_kind kind,
                              const graph_relation *relation) {
    draft *d = &addition->drafts[addition->step_count];
    epi_experience *episode = open_name(addition, name);
    graph_id(d->id, kind, relation->from, relation->to, relation->type);
    d->words = write_words("%s %s %s", relation->from, relation->type, relation->to);
    const char *metadata = describe(d, (const char *const[]){"from", "to", "relationType"},
                                    (const char *const[]){relation->from, relation->to, relation->type});
    put_step(addition, episode, kind, name, d->words, metadata);
    return d->words != NULL && metadata != NULL ? EPI_OK : EPI_ENOMEM;
}

epi_status graph_relate(bool *added, graph_addition *addition, epi_space *space, const graph_relation *relation) {
    char id[GRAPH_ID_SIZE];
    uint64_t step;
    graph_id(id, GRAPH_RELATION, relation->from, relation->to, relation->type);
    *added = false;
    if (graph_addition_has(addition, id)) return EPI_OK;
    epi_status status = epi_step_find(&step, space, id);
    if (status != EPI_ENOTFOUND) return status;
    *added = true;
    status = EPI_OK;
    if (strcmp(relation->from, relation->to) != 0)
        status = relate_from(addition, relation->to, GRAPH_RELATED, relation);
    return status == EPI_OK ? relate_from(addition, relation->from, GRAPH_RELATION, relation) : status;
}

epi_status graph_addition_store(epi_space *space, const graph_addition *addition) {
    return epi_remember_many(NULL, NULL, space, addition->experiences, addition->count);
}
