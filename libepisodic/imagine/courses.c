/* courses.c - courses of two stages: a tool that brings about a situation, and a tool that succeeds there. The halves
 * may never have been seen in one episode.
 *
 * For each tool, each effect that its tries had on the situation is an aim of its own: how likely it comes about here
 * is learned and counted as success is. The situation at hand with that effect put in is where the second tool is asked
 * for its success. A course is joined only where both halves have a witness that is alike, and both are named.
 */
#include <stdlib.h>

#include <episodic/sys/json.h>

#include "prospects.h"

#define MODULE "imagine"
#define EFFECTS_MAX 4u     /* of a tool, the most frequent */
#define ALIKE_MIN 0.1      /* a witness that is less alike is none */
#define PREFIX "situation."

struct finder {
    epi__ask *ask;
    epi_course *courses; /* one more than are asked for: the best so far, and one that may join them */
    size_t count;
};

/* ---- the situation behind the first stage ------------------------------------------------------------------------ */

static bool is_changed(const epi__tries *t, const epi__try *witness, size_t attribute) {
    const epi__feature *before = epi__try_feature(witness, attribute);
    const epi__feature *after = epi__try_feature(witness + 1, attribute);
    return strncmp(t->attributes.names[attribute], PREFIX, sizeof PREFIX - 2) == 0 &&
           epi__feature_distance(&t->attributes, attribute, before, after) > 0;
}

static void put_effect(epi__feature *features, const epi__ask *ask, const epi__try *witness) {
    memcpy(features, ask->features, sizeof ask->features);
    for (size_t a = 0; a < ask->tries->attributes.count; a++)
        if (is_changed(ask->tries, witness, a)) features[a] = *epi__try_feature(witness + 1, a);
}

/* Whether the witness changed this member, or something in it. */
static bool member_changed(const epi__tries *t, const epi__try *witness, const char *member) {
    size_t size = strlen(member);
    for (size_t a = 0; a < t->attributes.count; a++) {
        const char *name = t->attributes.names[a];
        if (strncmp(name, PREFIX, sizeof PREFIX - 1) != 0) continue;
        name += sizeof PREFIX - 1;
        if (strncmp(name, member, size) == 0 && (name[size] == '\0' || name[size] == '.') && is_changed(t, witness, a))
            return true;
    }
    return false;
}

static void put_json(epi_json_writer *writer, const char *name, const epi_json *value) {
    size_t size = 0;
    double number = 0.0;
    int64_t integer = 0;
    const char *string = epi_json_string(value, &size);
    epi_json_type type = epi_json_type_of(value);
    if (string) {
        epi_json_put_string(writer, name, string, size);
    } else if (epi_json_integer(&integer, value)) {
        epi_json_put_integer(writer, name, integer);
    } else if (epi_json_number(&number, value)) {
        epi_json_put_number(writer, name, number);
    } else if (type == EPI_JSON_BOOL) {
        epi_json_put_bool(writer, name, epi_json_true(value));
    } else if (type == EPI_JSON_ARRAY || type == EPI_JSON_OBJECT) {
        if (type == EPI_JSON_ARRAY)
            epi_json_begin_array(writer, name);
        else
            epi_json_begin_object(writer, name);
        for (const epi_json *item = epi_json_first(value); item; item = epi_json_next(item))
            put_json(writer, epi_json_name(item), item);
        epi_json_end(writer);
    } else {
        epi_json_put_null(writer, name);
    }
}

/* The members of the situation at hand, those that changed as they are behind the witness. */
static epi_status merge(const char **text, epi__ask *ask, const epi__try *witness, const epi_json *here,
                        const epi_json *behind) {
    epi_json_writer *writer = NULL;
    const epi__tries *t = ask->tries;
    size_t size = 0;
    EPI__TRY(epi_json_writer_new(&writer, false));
    epi_json_begin_object(writer, NULL);
    for (const epi_json *member = epi_json_first(here); member; member = epi_json_next(member)) {
        const char *name = epi_json_name(member);
        if (!member_changed(t, witness, name)) put_json(writer, name, member);
    }
    for (const epi_json *member = epi_json_first(behind); member; member = epi_json_next(member)) {
        const char *name = epi_json_name(member);
        if (member_changed(t, witness, name)) put_json(writer, name, member);
    }
    epi_json_end(writer);
    const char *merged = epi_json_writer_text(&size, writer);
    *text = merged ? epi__arena_text(&ask->result->arena, merged, size) : NULL;
    epi_json_writer_free(writer);
    return *text ? EPI_OK : epi__fail_memory(MODULE, size);
}

/* What the effect makes of the situation at hand: member by member where both are objects, else what the witness came
 * to. */
static epi_status describe(const char **text, epi__ask *ask, const epi__try *witness) {
    epi_json *here = NULL, *behind = NULL;
    const epi__stories *stories = ask->tries->stories;
    uint32_t number = epi__stories_value(stories, witness[1].row, ask->tries->roles.situation);
    const epi__story_value *value = &stories->words[number];
    epi_status status = EPI_OK;
    if (ask->situation) status = epi_json_parse(&here, ask->situation, strlen(ask->situation));
    if (!status && here) status = epi_json_parse(&behind, value->data, value->size);
    bool objects = epi_json_type_of(here) == EPI_JSON_OBJECT && epi_json_type_of(behind) == EPI_JSON_OBJECT;
    status = EPI_OK;
    if (objects)
        status = merge(text, ask, witness, here, behind);
    else if (!(*text = epi__ask_text(ask, number, EPI__STORY_VALUE_MAX)))
        status = epi__fail_memory(MODULE, value->size);
    epi_json_free(here);
    epi_json_free(behind);
    return status;
}

/* ---- stages ------------------------------------------------------------------------------------------------------ */

static epi_status make_stage(epi_stage *stage, epi__ask *ask, const epi__aim *aim, const epi__estimate *e,
                             const epi__try *witness, const char *situation) {
    uint32_t arguments = epi__stories_value(ask->tries->stories, witness->row, ask->tries->roles.arguments);
    const char *name = ask->tries->tools[aim->tool].name;
    *stage = (epi_stage){.situation = situation, .rate = e->rate, .rate_low = e->low};
    stage->tool = epi__arena_text(&ask->result->arena, name, strlen(name));
    stage->arguments = arguments ? epi__ask_text(ask, arguments, EPI__STORY_VALUE_MAX) : NULL;
    stage->witnesses = e->reached_count;
    stage->step = epi__ask_step(ask, witness);
    stage->episode = epi__ask_episode(ask, witness);
    bool whole = stage->tool && (stage->arguments || !arguments);
    return whole ? EPI_OK : epi__fail_memory(MODULE, sizeof *stage);
}

/* Whether some episode did the one and then the other. */
static bool seen_together(const epi__tries *t, const epi__aim *first, const epi__aim *second) {
    const epi__tool *tool = &t->tools[first->tool];
    for (size_t i = 0; i < tool->count; i++) {
        const epi__try *item = &t->items[tool->tries[i]];
        if (item->effect == first->effect && item->follows && item[1].tool == second->tool &&
            epi__aim_reached(t, second, &item[1]))
            return true;
    }
    return false;
}

/* Puts the course behind the best so far to its place among them. */
static void rank(struct finder *finder) {
    size_t at = finder->count;
    const epi_course course = finder->courses[at];
    while (at > 0 && finder->courses[at - 1].rate_low < course.rate_low) {
        finder->courses[at] = finder->courses[at - 1];
        at--;
    }
    finder->courses[at] = course;
    finder->count = EPI__MIN(finder->count + 1, (size_t)finder->ask->options.course_count);
}

static epi_status add_second(struct finder *finder, const epi_stage *first, const epi__aim *effect,
                             const epi__feature *features, uint32_t tool) {
    epi__ask *ask = finder->ask;
    epi__estimate estimate;
    const epi__try *witness;
    epi__aim aim = {tool, 0, ask->options.success_above};
    epi_course *course = &finder->courses[finder->count];
    EPI__TRY(epi__estimate_best(&estimate, &witness, ask, &aim, features));
    if (!witness || estimate.hit->weight < ALIKE_MIN) return EPI_OK;
    double low = first->rate_low * estimate.low;
    if (finder->count == ask->options.course_count && low <= finder->courses[finder->count - 1].rate_low) return EPI_OK;
    *course = (epi_course){.stages = {*first}, .rate = first->rate * estimate.rate, .rate_low = low};
    course->stitched = !seen_together(ask->tries, effect, &aim);
    EPI__TRY(make_stage(&course->stages[1], ask, &aim, &estimate, witness, NULL));
    rank(finder);
    return EPI_OK;
}

/* Courses that begin with this effect of a tool. What they need for a time goes with them. */
static epi_status add_first(struct finder *finder, const epi__aim *effect) {
    epi__feature features[EPI__ATTRIBUTES_MAX];
    epi__ask *ask = finder->ask;
    epi__estimate estimate;
    epi_stage stage;
    const char *behind = NULL;
    const epi__try *witness;
    EPI__TRY(epi__estimate_best(&estimate, &witness, ask, effect, ask->features));
    if (!witness || estimate.hit->weight < ALIKE_MIN) return EPI_OK;
    const char *here = ask->situation ? ask->situation : "";
    if (!(here = epi__arena_text(&ask->result->arena, here, strlen(here)))) return epi__fail_memory(MODULE, 0);
    EPI__TRY(make_stage(&stage, ask, effect, &estimate, witness, here));
    EPI__TRY(describe(&behind, ask, witness));
    put_effect(features, ask, witness);
    for (uint32_t tool = 0; tool < ask->tries->tool_count; tool++)
        EPI__TRY(add_second(finder, &stage, effect, features, tool));
    for (size_t i = 0; i < finder->count; i++)
        if (!finder->courses[i].stages[1].situation) finder->courses[i].stages[1].situation = behind;
    return EPI_OK;
}

/* ---- effects ----------------------------------------------------------------------------------------------------- */

struct effect {
    uint64_t hash;
    size_t count;
};

static int by_count(const void *a, const void *b) {
    const struct effect *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

/* The effects of a tool, the most frequent first. */
static epi_status effects_of(struct effect **effects, size_t *count, const epi__ask *ask, epi__arena *arena,
                             const epi__tool *tool) {
    size_t found = 0;
    *effects = epi__arena_alloc(arena, tool->count + 1, sizeof **effects);
    if (!*effects) return epi__fail_memory(MODULE, tool->count * sizeof **effects);
    epi__map at = {0};
    bool failed = false;
    for (size_t i = 0; i < tool->count && !failed; i++) {
        uint64_t hash = ask->tries->items[tool->tries[i]].effect, place = found;
        if (hash <= EPI__EFFECT_NONE) continue;
        if (!epi__map_get(&at, hash, &place)) {
            failed = !epi__map_put(&at, hash, place);
            (*effects)[found++].hash = hash;
        }
        (*effects)[place].count++;
    }
    epi__map_dispose(&at);
    if (found) qsort(*effects, found, sizeof **effects, by_count);
    *count = EPI__MIN(found, (size_t)EFFECTS_MAX);
    return failed ? epi__fail_memory(MODULE, tool->count * sizeof **effects) : EPI_OK;
}

static epi_status courses_of(struct finder *finder, uint32_t tool) {
    epi__ask *ask = finder->ask;
    struct effect *effects;
    size_t count = 0;
    EPI__TRY(effects_of(&effects, &count, ask, &ask->arena, &ask->tries->tools[tool]));
    for (size_t i = 0; i < count; i++) {
        epi__aim aim = {tool, effects[i].hash, ask->options.success_above};
        epi__arena kept = ask->arena;
        ask->arena = (epi__arena){0};
        epi_status status = add_first(finder, &aim);
        epi__arena_dispose(&ask->arena);
        ask->arena = kept;
        EPI__TRY(status);
    }
    return EPI_OK;
}

epi_status epi__courses_find(epi__ask *ask) {
    struct finder finder = {.ask = ask};
    finder.courses = epi__arena_alloc(&ask->result->arena, ask->options.course_count + 1u, sizeof *finder.courses);
    if (!finder.courses) return epi__fail_memory(MODULE, sizeof *finder.courses);
    for (uint32_t tool = 0; tool < ask->tries->tool_count; tool++) EPI__TRY(courses_of(&finder, tool));
    ask->result->courses = finder.courses;
    ask->result->course_count = finder.count;
    return EPI_OK;
}
