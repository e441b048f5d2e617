/* prospects.c - epi_imagine_actions(): each candidate with what was seen of such tries, and tools that it did not name;
 * see prospects.h.
 *
 * A result copies what it shows and names the steps that it was counted from; nothing of it points into the store.
 */
#include "prospects.h"

#include <math.h>
#include <stdlib.h>

#include <episodic/sys/json.h>

#include "../memory/draft.h"

#define MODULE "imagine"

/* ---- what was seen ---------------------------------------------------------------------------------------------- */

struct tally {
    uint32_t number;
    double weight;
    size_t count;
    uint64_t step;
};

static int by_tally(const void *a, const void *b) {
    const struct tally *x = a, *y = b;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* The most frequent values of a role over the cases, of the steps themselves or of those behind them. */
static epi_status see(const epi_seen **seen, size_t *count, epi__ask *ask, const epi__estimate *e, int role,
                      bool behind) {
    const epi__stories *stories = ask->tries->stories;
    struct tally *tallies = epi__arena_alloc(&ask->arena, e->count + 1, sizeof *tallies);
    epi_seen *made = epi__arena_alloc(&ask->result->arena, EPI_SEEN_COUNT_MAX, sizeof *made);
    epi__map at = {0};
    size_t distinct = 0;
    bool failed = !tallies || !made;
    for (size_t i = 0; !failed && i < e->count; i++) {
        const epi__weighed *one = &e->cases[i];
        uint64_t place = distinct;
        if (behind && !one->item->follows) continue;
        size_t row = one->item->row + (behind ? 1u : 0u);
        uint32_t number = epi__stories_value(stories, row, role);
        if (number == 0) continue;
        if (!epi__map_get(&at, number, &place)) {
            failed = !epi__map_put(&at, number, place);
            tallies[distinct++] = (struct tally){number, 0.0, 0, stories->rows[row].step};
        }
        tallies[place].weight += one->weight;
        tallies[place].count++;
    }
    epi__map_dispose(&at);
    if (!failed && distinct) qsort(tallies, distinct, sizeof *tallies, by_tally);
    *count = EPI__MIN(distinct, (size_t)EPI_SEEN_COUNT_MAX);
    for (size_t i = 0; !failed && i < *count; i++) {
        const struct tally *tally = &tallies[i];
        made[i] = (epi_seen){epi__ask_text(ask, tally->number, EPI_SEEN_SIZE_MAX),
                             e->weight > 0.0 ? tally->weight / e->weight : 0.0, tally->count, tally->step};
        failed = !made[i].text;
    }
    *seen = made;
    return failed ? epi__fail_memory(MODULE, e->count * sizeof *tallies) : EPI_OK;
}

/* ---- one prospect ----------------------------------------------------------------------------------------------- */

static epi_precedent precedent_of(const epi__ask *ask, const epi__weighed *weighed) {
    epi_precedent none = {0, 0, 0.0};
    if (!weighed) return none;
    return (epi_precedent){weighed->step, epi__ask_episode(ask, weighed->item), weighed->weight};
}

/* Means over the cases; where hardly any is alike, the plain mean shines through. */
static void average(epi_prospect *prospect, const epi__ask *ask, const epi__estimate *e) {
    const epi__stories *stories = ask->tries->stories;
    double cost = 0.0, reward = 0.0, cost_weight = 0.0, reward_weight = 0.0;
    for (size_t i = 0; i < e->count; i++) {
        const epi__try *item = e->cases[i].item;
        const epi__story_episode *episode = &stories->episodes[stories->rows[item->row].episode];
        double weight = e->cases[i].weight + 1e-3;
        if (item->has_cost && isfinite(item->cost)) {
            cost += weight * item->cost;
            cost_weight += weight;
        }
        if (episode->has_reward) {
            reward += weight * episode->reward;
            reward_weight += weight;
        }
    }
    prospect->has_cost = cost_weight > 0.0;
    prospect->cost = cost_weight > 0.0 ? cost / cost_weight : 0.0;
    prospect->reward = reward_weight > 0.0 ? reward / reward_weight : 0.0;
}

static epi_status name_sources(epi_prospect *prospect, epi__ask *ask, const epi__estimate *e) {
    size_t count = EPI__MIN(e->count, (size_t)ask->options.source_count);
    uint64_t *sources = epi__arena_alloc(&ask->result->arena, count + 1, sizeof *sources);
    if (!sources) return epi__fail_memory(MODULE, count * sizeof *sources);
    for (size_t i = 0; i < count; i++) sources[i] = e->cases[i].step;
    prospect->sources = sources;
    prospect->source_count = count;
    return EPI_OK;
}

static epi_status fill(epi_prospect *prospect, epi__ask *ask, const epi__estimate *e) {
    const epi__roles *roles = &ask->tries->roles;
    prospect->no_precedent = false;
    prospect->tried = e->count;
    prospect->succeeded = e->reached_count;
    prospect->similar = e->weight;
    prospect->success_rate = e->rate;
    prospect->success_low = e->low;
    prospect->success_high = e->high;
    prospect->success = precedent_of(ask, e->hit);
    prospect->failure = precedent_of(ask, e->miss);
    average(prospect, ask, e);
    EPI__TRY(see(&prospect->results, &prospect->result_count, ask, e, roles->result, false));
    EPI__TRY(see(&prospect->errors, &prospect->error_count, ask, e, roles->error, false));
    EPI__TRY(see(&prospect->next, &prospect->next_count, ask, e, roles->tool, true));
    return name_sources(prospect, ask, e);
}

static const char *copy(epi__ask *ask, const char *text) {
    return epi__arena_text(&ask->result->arena, text, strlen(text));
}

static epi_status imagine_candidate(epi_prospect *prospect, epi__ask *ask, const epi_candidate *candidate) {
    epi__feature features[EPI__ATTRIBUTES_MAX];
    epi__estimate estimate;
    epi__aim aim = {EPI__NO_TOOL, 0, ask->options.success_above};
    const char *arguments = candidate->arguments;
    *prospect = (epi_prospect){.no_precedent = true, .success_high = 1.0};
    prospect->tool = copy(ask, candidate->tool);
    prospect->arguments = arguments ? copy(ask, arguments) : NULL;
    if (!prospect->tool || (arguments && !prospect->arguments)) return epi__fail_memory(MODULE, sizeof *prospect);
    EPI__TRY(epi__tries_tool(&aim.tool, ask->tries, candidate->tool));
    if (aim.tool == EPI__NO_TOOL) return EPI_OK;
    EPI__TRY(epi__ask_arguments(features, ask, arguments, arguments ? strlen(arguments) : 0));
    EPI__TRY(epi__estimate_make(&estimate, ask, &aim, features));
    return fill(prospect, ask, &estimate);
}

/* ---- proposing -------------------------------------------------------------------------------------------------- */

/* The tool with the arguments of its most alike success; none where it never succeeded. */
static epi_status imagine_proposed(epi_prospect *prospect, bool *found, epi__ask *ask, uint32_t tool) {
    epi__estimate estimate;
    const epi__try *witness;
    epi__aim aim = {tool, 0, ask->options.success_above};
    const epi__tool *known = &ask->tries->tools[tool];
    EPI__TRY(epi__estimate_best(&estimate, &witness, ask, &aim, ask->features));
    *found = witness != NULL;
    if (!witness) return EPI_OK;
    uint32_t arguments = epi__stories_value(ask->tries->stories, witness->row, ask->tries->roles.arguments);
    *prospect = (epi_prospect){.proposed = true};
    prospect->tool = epi__arena_text(&ask->result->arena, known->name, strlen(known->name));
    if (arguments) prospect->arguments = epi__ask_text(ask, arguments, EPI__STORY_VALUE_MAX);
    if (!prospect->tool || (arguments && !prospect->arguments)) return epi__fail_memory(MODULE, sizeof *prospect);
    return fill(prospect, ask, &estimate);
}

static int by_low(const void *a, const void *b) {
    const epi_prospect *x = a, *y = b;
    if (x->success_low != y->success_low) return x->success_low > y->success_low ? -1 : 1;
    return strcmp(x->tool, y->tool);
}

static epi_status propose(epi__ask *ask, const epi_candidate *candidates, size_t count) {
    epi__tries *tries = ask->tries;
    epi_prospect *proposed = epi__arena_alloc(&ask->arena, tries->tool_count + 1, sizeof *proposed);
    bool *named = epi__arena_alloc(&ask->arena, tries->tool_count + 1, sizeof *named);
    size_t made = 0;
    if (!proposed || !named) return epi__fail_memory(MODULE, tries->tool_count * sizeof *proposed);
    for (size_t i = 0; i < count; i++) {
        uint32_t tool;
        EPI__TRY(epi__tries_tool(&tool, tries, candidates[i].tool));
        if (tool != EPI__NO_TOOL) named[tool] = true;
    }
    for (uint32_t tool = 0; tool < tries->tool_count; tool++) {
        bool found = false;
        if (!named[tool]) EPI__TRY(imagine_proposed(&proposed[made], &found, ask, tool));
        made += found;
    }
    if (made) qsort(proposed, made, sizeof *proposed, by_low);
    made = EPI__MIN(made, (size_t)ask->options.propose_count);
    memcpy(ask->result->items + ask->result->count, proposed, made * sizeof *proposed);
    ask->result->count += made;
    return EPI_OK;
}

/* ---- the question ----------------------------------------------------------------------------------------------- */

static epi_status check_text(const char *what, const char *text) {
    return text && *text ? epi__check_text(what, text, strlen(text), EPI_CUE_SIZE_MAX) : EPI_OK;
}

static epi_status check_candidate(const epi_candidate *candidate) {
    epi_json *root = NULL;
    if (!candidate->tool || !*candidate->tool) return epi__fail(EPI_EINVAL, MODULE, "a candidate had no tool");
    EPI__TRY(check_text("tool", candidate->tool));
    if (!candidate->arguments) return EPI_OK;
    EPI__TRY(check_text("arguments", candidate->arguments));
    EPI__TRY(epi_json_parse(&root, candidate->arguments, strlen(candidate->arguments)));
    epi_json_free(root);
    return EPI_OK;
}

static epi_status check_options(epi_imagine_actions_options *options, const epi_imagine_actions_options *given) {
    *options = given ? *given : epi_imagine_actions_options_default();
    if (options->version != 1) return epi__fail(EPI_EINVAL, MODULE, "options of version %u", options->version);
    if (options->source_count == 0) options->source_count = EPI_PROSPECT_SOURCES_DEFAULT;
    if (options->confidence == 0.0) options->confidence = EPI_PROSPECT_CONFIDENCE_DEFAULT;
    if (options->source_count > EPI_PROSPECT_SOURCES_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "source_count is %u, limit %u", options->source_count,
                         EPI_PROSPECT_SOURCES_MAX);
    if (options->propose_count > EPI_CANDIDATE_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "propose_count is %u, limit %u", options->propose_count,
                         EPI_CANDIDATE_COUNT_MAX);
    if (options->course_count > EPI_COURSE_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "course_count is %u, limit %u", options->course_count,
                         EPI_COURSE_COUNT_MAX);
    if (!(options->confidence > 0.0 && options->confidence < 1.0) || isnan(options->success_above))
        return epi__fail(EPI_EINVAL, MODULE, "confidence is %g, above 0 and below 1; success_above is %g",
                         options->confidence, options->success_above);
    return EPI_OK;
}

static epi_status read_question(epi__ask *ask, const char *task, const char *situation) {
    epi__attributes *attributes = &ask->tries->attributes;
    ask->situation = situation;
    if (situation && *situation)
        EPI__TRY(epi__features_read(ask->features, attributes, &ask->arena, ask->analyzer, "situation", situation,
                                    strlen(situation)));
    if (!task || !*task) return EPI_OK;
    return epi__features_read(ask->features, attributes, &ask->arena, ask->analyzer, "task", task, strlen(task));
}

static epi_status answer(epi__ask *ask, const epi_candidate *candidates, size_t count) {
    epi_prospects *result = ask->result;
    result->items = epi__arena_alloc(&result->arena, count + ask->options.propose_count + 1, sizeof *result->items);
    if (!result->items) return epi__fail_memory(MODULE, count * sizeof *result->items);
    for (size_t i = 0; i < count; i++)
        EPI__TRY(imagine_candidate(&result->items[result->count++], ask, &candidates[i]));
    if (ask->options.propose_count) EPI__TRY(propose(ask, candidates, count));
    if (ask->options.course_count) EPI__TRY(epi__courses_find(ask));
    return epi__prospects_render(result);
}

static epi_status ask_stories(epi_prospects *result, epi_space *space, epi__stories *stories, const char *task,
                              const char *situation, const epi_candidate *candidates, size_t count,
                              const epi_imagine_actions_options *options) {
    epi__scratch *scratch = NULL;
    epi__ask *ask = epi__alloc_zero(1, sizeof *ask);
    if (!ask) return epi__fail_memory(MODULE, sizeof *ask);
    ask->result = result;
    ask->options = *options;
    epi_status status = epi__tries_of(&ask->tries, stories, space);
    if (!status) status = epi__scratch_take(&scratch, space->mirror);
    if (!status) {
        ask->analyzer = scratch->analyzer;
        status = read_question(ask, task, situation);
        if (!status) status = answer(ask, candidates, count);
        epi__scratch_give(scratch, space->mirror);
    }
    epi__arena_dispose(&ask->arena);
    epi__free(ask);
    return status;
}

epi_status epi_imagine_actions(epi_prospects **prospects, epi_space *space, const char *task, const char *situation,
                               const epi_candidate *candidates, size_t count,
                               const epi_imagine_actions_options *options) {
    epi_imagine_actions_options checked;
    epi__stories *stories = NULL;
    if (!prospects) return epi__fail(EPI_EINVAL, MODULE, "prospects was NULL");
    *prospects = NULL;
    if (!candidates && count > 0) return epi__fail(EPI_EINVAL, MODULE, "candidates was NULL");
    if (count > EPI_CANDIDATE_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "there are %zu candidates, limit %u", count, EPI_CANDIDATE_COUNT_MAX);
    EPI__TRY(epi__space_check_handle(space));
    EPI__TRY(check_options(&checked, options));
    EPI__TRY(check_text("task", task));
    EPI__TRY(check_text("situation", situation));
    for (size_t i = 0; i < count; i++) EPI__TRY(check_candidate(&candidates[i]));
    EPI__TRY(epi__stories_acquire(&stories, space));
    epi_prospects *result = epi__alloc_zero(1, sizeof *result);
    epi_status status = result ? EPI_OK : epi__fail_memory(MODULE, sizeof *result);
    if (!status) status = ask_stories(result, space, stories, task, situation, candidates, count, &checked);
    epi__stories_release(stories);
    if (status)
        epi_prospects_free(result);
    else
        *prospects = result;
    return status;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

void epi_prospects_free(epi_prospects *prospects) {
    if (!prospects) return;
    epi__arena_dispose(&prospects->arena);
    epi__free(prospects);
}

size_t epi_prospects_count(const epi_prospects *prospects) {
    return prospects ? prospects->count : 0;
}

const epi_prospect *epi_prospects_get(const epi_prospects *prospects, size_t index) {
    return prospects && index < prospects->count ? &prospects->items[index] : NULL;
}

size_t epi_prospects_course_count(const epi_prospects *prospects) {
    return prospects ? prospects->course_count : 0;
}

const epi_course *epi_prospects_course(const epi_prospects *prospects, size_t index) {
    return prospects && index < prospects->course_count ? &prospects->courses[index] : NULL;
}

const epi_prospect *epi_prospects_best(const epi_prospects *prospects) {
    const epi_prospect *best = NULL;
    for (size_t i = 0; i < epi_prospects_count(prospects); i++) {
        const epi_prospect *one = &prospects->items[i];
        if (!one->no_precedent && (!best || one->success_low > best->success_low)) best = one;
    }
    return best;
}

const char *epi_prospects_text(const epi_prospects *prospects) {
    return prospects ? prospects->text : "";
}

const char *epi_prospects_json(const epi_prospects *prospects) {
    return prospects ? prospects->json : "{}";
}
