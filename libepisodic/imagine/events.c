/* events.c - recombining stored events; see events.h.
 *
 * A recombination is drawn bundle by bundle: the first from any event that fits what is given, each other one by way of
 * a witness: an event that has this value of the role to join from, then an event that has the witness's value of the
 * role to join to, whose bundle is taken whole. "Any" is the first that fits from a random place on.
 */
#include "events.h"

#include <math.h>
#include <stdlib.h>

#define MODULE "imagine"
#define DRAWS_A_RESULT 32u
#define UNSEEN UINT32_MAX /* a value that no event has */

/* ---- the question ------------------------------------------------------------------------------------------------ */

static epi_status add_role(epi__frame *frame, const epi_schema *schema, const char *name, size_t bundle) {
    int role = name ? epi__schema_role(schema, name, strlen(name)) : -1;
    if (role < 0)
        return epi__fail(EPI_EROLE, MODULE, "the space has no role \"%s\" for a bundle", name ? name : "(NULL)");
    if (schema->roles[role].type != EPI_TEXT && schema->roles[role].type != EPI_JSON)
        return epi__fail(EPI_ETYPE, MODULE, "role \"%s\" is neither text nor JSON", name);
    if (frame->role_count == EPI_EVENT_ROLES_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the bundles have more than %u roles", EPI_EVENT_ROLES_MAX);
    for (size_t i = 0; i < frame->role_count; i++)
        if (frame->roles[i] == role) return epi__fail(EPI_EINVAL, MODULE, "role \"%s\" stands in two bundles", name);
    frame->bundles[bundle] |= 1u << frame->role_count;
    frame->bundle_of[frame->role_count] = (uint8_t)bundle;
    frame->roles[frame->role_count++] = role;
    return EPI_OK;
}

static epi_status default_frame(epi__frame *frame, const epi_schema *schema) {
    static const char *const names[2][3] = {{"who", "where", "when"}, {"what", "action", "outcome"}};
    for (size_t b = 0; b < 2; b++) {
        for (size_t i = 0; i < 3; i++)
            if (epi__schema_role(schema, names[b][i], strlen(names[b][i])) >= 0)
                EPI__TRY(add_role(frame, schema, names[b][i], b));
        if (!frame->bundles[b])
            return epi__fail(EPI_EROLE, MODULE, "the space has none of the roles %s, %s, %s: name the bundles",
                             names[b][0], names[b][1], names[b][2]);
    }
    frame->bundle_count = 2;
    return EPI_OK;
}

static epi_status make_frame(epi__frame *frame, const epi_schema *schema, const epi_imagine_events_options *options) {
    memset(frame, 0, sizeof *frame);
    if (!options->bundles) return default_frame(frame, schema);
    if (options->bundle_count < 2) return epi__fail(EPI_EINVAL, MODULE, "fewer than two bundles");
    if (options->bundle_count > EPI_EVENT_ROLES_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "there are %zu bundles, limit %u", options->bundle_count,
                         EPI_EVENT_ROLES_MAX);
    for (size_t b = 0; b < options->bundle_count; b++) {
        const epi_bundle *bundle = &options->bundles[b];
        if (!bundle->roles || bundle->role_count == 0) return epi__fail(EPI_EINVAL, MODULE, "bundle %zu is empty", b);
        for (size_t i = 0; i < bundle->role_count; i++) EPI__TRY(add_role(frame, schema, bundle->roles[i], b));
    }
    frame->bundle_count = options->bundle_count;
    return EPI_OK;
}

static epi_status check_options(epi_imagine_events_options *options, const epi_imagine_events_options *given) {
    *options = given ? *given : epi_imagine_events_options_default();
    if (options->version != 1) return epi__fail(EPI_EINVAL, MODULE, "options of version %u", options->version);
    if (options->k == 0) options->k = EPI_K_DEFAULT;
    if (options->k > EPI_EVENT_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "k is %u, limit %u", options->k, EPI_EVENT_COUNT_MAX);
    if (options->draws == 0) options->draws = DRAWS_A_RESULT * options->k;
    if (options->draws > DRAWS_A_RESULT * EPI_EVENT_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "draws is %u, limit %u", options->draws,
                         DRAWS_A_RESULT * EPI_EVENT_COUNT_MAX);
    if (isnan(options->plausibility_min) || isnan(options->novelty_min))
        return epi__fail(EPI_EINVAL, MODULE, "plausibility_min or novelty_min is not a number");
    return EPI_OK;
}

static epi_status read_given(uint32_t *values, const epi__lattice *lattice, const epi_part *parts, size_t count) {
    const epi__frame *frame = &lattice->frame;
    const epi_schema *schema = lattice->stories->schema;
    if (!parts && count > 0) return epi__fail(EPI_EINVAL, MODULE, "the given parts were NULL");
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        const char *name = parts[i].role;
        if (!name || (!parts[i].data && parts[i].size > 0))
            return epi__fail(EPI_EINVAL, MODULE, "the role or the value of part %zu was NULL", i);
        int role = epi__schema_role(schema, name, strlen(name));
        while (at < frame->role_count && frame->roles[at] != role) at++;
        if (at == frame->role_count) return epi__fail(EPI_EROLE, MODULE, "role \"%s\" is in no bundle", name);
        if (values[at]) return epi__fail(EPI_EINVAL, MODULE, "role \"%s\" was given twice", name);
        uint32_t number = epi__stories_number(lattice->stories, parts[i].data, parts[i].size);
        if (parts[i].size > 0) values[at] = number ? number : UNSEEN;
    }
    return EPI_OK;
}

/* ---- drawing ----------------------------------------------------------------------------------------------------- */

uint64_t epi__lattice_step(const epi__lattice *lattice, uint32_t row) {
    return lattice->stories->rows[lattice->rows[row]].step;
}

/* From a random place on, the first row that has `wanted` in the roles of the mask where it is not 0; UNSEEN: none. */
static uint32_t any_row(epi__imagining *im, uint32_t mask, const uint32_t *wanted) {
    const epi__lattice *l = im->lattice;
    const size_t roles = l->frame.role_count;
    if (l->row_count == 0) return UNSEEN;
    size_t at = (size_t)epi__random_below(&im->random, l->row_count);
    for (size_t left = l->row_count; left > 0; left--, at = at + 1 < l->row_count ? at + 1 : 0) {
        const uint32_t *own = l->values + at * roles;
        bool fits = true;
        for (size_t i = 0; i < roles && fits; i++)
            fits = !(mask >> i & 1) || (wanted[i] ? own[i] == wanted[i] : true);
        if (fits) return (uint32_t)at;
    }
    return UNSEEN;
}

static void take_bundle(epi__mix *mix, const epi__lattice *l, size_t bundle, uint32_t row) {
    const uint32_t *own = l->values + row * l->frame.role_count;
    mix->from[bundle] = row;
    for (size_t i = 0; i < l->frame.role_count; i++)
        if (l->frame.bundle_of[i] == bundle) mix->values[i] = own[i];
}

/* The bundle by way of a witness; false where there is none. */
static bool join_bundle(epi__mix *mix, epi__imagining *im, size_t bundle) {
    const epi__lattice *l = im->lattice;
    size_t from = l->link[bundle][0], to = l->link[bundle][1];
    uint32_t wanted[EPI_EVENT_ROLES_MAX];
    memcpy(wanted, im->given, sizeof wanted);
    if (!mix->values[from]) return false;
    wanted[from] = mix->values[from];
    uint32_t witness = any_row(im, 1u << from | 1u << to, wanted);
    if (witness == UNSEEN) return false;
    wanted[to] = l->values[witness * l->frame.role_count + to];
    if (!wanted[to]) return false;
    uint32_t row = any_row(im, l->frame.bundles[bundle], wanted);
    if (row == UNSEEN) return false;
    mix->witness[bundle] = witness;
    take_bundle(mix, l, bundle, row);
    return true;
}

static bool draw(epi__mix *mix, epi__imagining *im) {
    const epi__frame *frame = &im->lattice->frame;
    memset(mix, 0, sizeof *mix);
    uint32_t row = any_row(im, frame->bundles[0], im->given);
    if (row == UNSEEN) return false;
    take_bundle(mix, im->lattice, 0, row);
    for (size_t b = 1; b < frame->bundle_count; b++)
        if (!join_bundle(mix, im, b)) return false;
    return true;
}

static bool is_valid(const epi__imagining *im, const epi__mix *mix) {
    const epi__lattice *l = im->lattice;
    epi_part parts[EPI_EVENT_ROLES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < l->frame.role_count; i++) {
        const epi__story_value *value = &l->stories->words[mix->values[i]];
        const char *role = l->stories->schema->roles[l->frame.roles[i]].name;
        if (mix->values[i]) parts[count++] = epi_part_bytes(role, value->data, value->size);
    }
    return !im->options.valid || im->options.valid(im->options.context, parts, count);
}

bool epi__mix_judge(epi__mix *mix, epi__imagining *im) {
    const epi__lattice *l = im->lattice;
    epi__counts counts;
    double least;
    size_t known = 0;
    epi__lattice_count(&counts, l, mix->values);
    for (size_t i = 0; i < l->frame.role_count; i++) known += mix->values[i] != 0;
    mix->plausibility = epi__lattice_plausibility(&least, l, &counts, mix->values);
    mix->novelty = known ? 1.0 - (double)counts.nearest / (double)known : 0.0;
    mix->support = epi__lattice_support(l, &counts, mix->values);
    for (size_t b = 1; b < l->frame.bundle_count; b++) {
        mix->joined[b] = counts.with[1u << l->link[b][0] | 1u << l->link[b][1]];
        mix->support = EPI__MIN(mix->support, mix->joined[b]);
    }
    if (mix->novelty < im->options.novelty_min) return false;
    bool sound = least >= EPI_EVENT_CONTRADICTION && is_valid(im, mix);
    im->result->vetoed += !sound;
    return sound && mix->plausibility >= im->options.plausibility_min;
}

static int by_plausibility(const void *a, const void *b) {
    const epi__mix *x = a, *y = b;
    if (x->plausibility != y->plausibility) return x->plausibility > y->plausibility ? -1 : 1;
    if (x->support != y->support) return x->support > y->support ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

epi_status epi__mixes_draw(epi__imagining *im) {
    epi__map seen = {0};
    bool failed = false;
    size_t size = im->lattice->frame.role_count * sizeof(uint32_t);
    im->mixes = epi__realloc(NULL, im->options.draws, sizeof *im->mixes);
    if (!im->mixes) return epi__fail_memory(MODULE, im->options.draws * sizeof *im->mixes);
    for (size_t i = 0; i < im->options.draws && !failed; i++) {
        epi__mix *mix = &im->mixes[im->mix_count];
        if (!draw(mix, im)) continue;
        uint64_t key = epi__hash64(mix->values, size);
        if (epi__map_get(&seen, key, NULL)) continue;
        failed = !epi__map_put(&seen, key, 1);
        mix->order = i;
        im->mix_count += epi__mix_judge(mix, im);
    }
    epi__map_dispose(&seen);
    if (failed) return epi__fail_memory(MODULE, im->options.draws * sizeof(uint64_t));
    if (im->mix_count) qsort(im->mixes, im->mix_count, sizeof *im->mixes, by_plausibility);
    im->mix_count = EPI__MIN(im->mix_count, (size_t)im->options.k);
    return EPI_OK;
}

/* ---- the result -------------------------------------------------------------------------------------------------- */

static const char *role_name(epi__imagining *im, size_t role) {
    const char *name = im->lattice->stories->schema->roles[im->lattice->frame.roles[role]].name;
    return epi__arena_text(&im->result->arena, name, strlen(name));
}

static bool show_parts(epi_imagined_event *event, epi__imagining *im, const epi__mix *mix) {
    const epi__lattice *l = im->lattice;
    epi_imagined_part *parts = epi__arena_alloc(&im->result->arena, l->frame.role_count, sizeof *parts);
    for (size_t i = 0; parts && i < l->frame.role_count; i++) {
        const epi__story_value *value = &l->stories->words[mix->values[i]];
        if (!mix->values[i]) continue;
        epi_imagined_part *part = &parts[event->part_count++];
        part->role = role_name(im, i);
        part->data = epi__arena_text(&im->result->arena, value->data, value->size);
        part->size = value->size;
        part->bundle = l->frame.bundle_of[i];
        part->source = epi__lattice_step(l, mix->from[part->bundle]);
        if (!part->role || !part->data) return false;
    }
    event->parts = parts;
    return parts != NULL;
}

epi_status epi__mix_show(epi_imagined_event *event, epi__imagining *im, const epi__mix *mix) {
    const epi__lattice *l = im->lattice;
    size_t count = l->frame.bundle_count - 1;
    epi_event_join *joins = epi__arena_alloc(&im->result->arena, count + 1, sizeof *joins);
    *event = (epi_imagined_event){
        .plausibility = mix->plausibility, .novelty = mix->novelty, .support = mix->support, .joins = joins};
    event->join_count = count;
    bool whole = joins && show_parts(event, im, mix);
    for (size_t b = 1; whole && b <= count; b++) {
        joins[b - 1] = (epi_event_join){role_name(im, l->link[b][0]), role_name(im, l->link[b][1]),
                                        epi__lattice_step(l, mix->witness[b]), mix->joined[b]};
        whole = joins[b - 1].from_role && joins[b - 1].to_role;
    }
    return whole ? EPI_OK : epi__fail_memory(MODULE, sizeof *event);
}

static epi_status show_all(epi__imagining *im) {
    epi_events *result = im->result;
    result->items = epi__arena_alloc(&result->arena, im->mix_count + 1, sizeof *result->items);
    if (!result->items) return epi__fail_memory(MODULE, im->mix_count * sizeof *result->items);
    for (size_t i = 0; i < im->mix_count; i++)
        EPI__TRY(epi__mix_show(&result->items[result->count++], im, &im->mixes[i]));
    return EPI_OK;
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

/* The stories and the lattice of a question; the caller releases the stories. */
static epi_status begin(epi__imagining *im, epi__stories **stories, epi_space *space, const epi_part *given,
                        size_t given_count, const epi_imagine_events_options *options) {
    epi__frame frame;
    memset(im, 0, sizeof *im);
    *stories = NULL;
    EPI__TRY(epi__space_check_handle(space));
    EPI__TRY(check_options(&im->options, options));
    EPI__TRY(make_frame(&frame, &space->mirror->schema->schema, &im->options));
    EPI__TRY(epi__stories_acquire(stories, space));
    epi_status status = epi__lattice_of(&im->lattice, *stories, &frame);
    if (!status) status = read_given(im->given, im->lattice, given, given_count);
    im->random = epi__random_seed(im->options.seed);
    if (!status) return EPI_OK;
    epi__stories_release(*stories);
    *stories = NULL;
    return status;
}

/* story_count 0: recombinations. */
static epi_status imagine(epi_events **events, epi_space *space, const epi_part *given, size_t given_count,
                          size_t story_count, const epi_imagine_events_options *options) {
    epi__imagining im;
    epi__stories *stories;
    EPI__TRY(begin(&im, &stories, space, given, given_count, options));
    im.result = epi__alloc_zero(1, sizeof *im.result);
    epi_status status = im.result ? EPI_OK : epi__fail_memory(MODULE, sizeof *im.result);
    if (!status && story_count) im.options.novelty_min = 0.0; /* it may begin with a memory */
    if (!status) status = epi__mixes_draw(&im);
    if (!status) status = story_count ? epi__story_tell(&im, story_count) : show_all(&im);
    if (!status) status = epi__events_render(im.result);
    epi__free(im.mixes);
    epi__stories_release(stories);
    if (status)
        epi_events_free(im.result);
    else
        *events = im.result;
    return status;
}

epi_status epi_imagine_events(epi_events **events, epi_space *space, const epi_part *given, size_t given_count,
                              const epi_imagine_events_options *options) {
    if (!events) return epi__fail(EPI_EINVAL, MODULE, "events was NULL");
    *events = NULL;
    return imagine(events, space, given, given_count, 0, options);
}

epi_status epi_imagine_story(epi_events **events, epi_space *space, const epi_part *given, size_t given_count,
                             size_t count, const epi_imagine_events_options *options) {
    if (!events) return epi__fail(EPI_EINVAL, MODULE, "events was NULL");
    *events = NULL;
    if (count == 0) return epi__fail(EPI_EINVAL, MODULE, "count was 0");
    if (count > EPI_STORY_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "count is %zu, limit %u", count, EPI_STORY_COUNT_MAX);
    return imagine(events, space, given, given_count, count, options);
}

epi_status epi_judge_event(epi_event_judgement *judgement, epi_space *space, const epi_part *parts, size_t part_count,
                           const epi_imagine_events_options *options) {
    epi__imagining im;
    epi__stories *stories;
    epi__counts counts;
    double least = 1.0, known = 0.0;
    if (!judgement) return epi__fail(EPI_EINVAL, MODULE, "judgement was NULL");
    memset(judgement, 0, sizeof *judgement);
    EPI__TRY(begin(&im, &stories, space, parts, part_count, options));
    epi__lattice_count(&counts, im.lattice, im.given);
    for (size_t i = 0; i < im.lattice->frame.role_count; i++) known += im.given[i] ? 1.0 : 0.0;
    judgement->plausibility = epi__lattice_plausibility(&least, im.lattice, &counts, im.given);
    judgement->novelty = known > 0.0 ? 1.0 - (double)counts.nearest / known : 0.0;
    judgement->support = epi__lattice_support(im.lattice, &counts, im.given);
    judgement->contradiction = least < EPI_EVENT_CONTRADICTION;
    epi__stories_release(stories);
    return EPI_OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

void epi_events_free(epi_events *events) {
    if (!events) return;
    epi__arena_dispose(&events->arena);
    epi__free(events);
}

size_t epi_events_count(const epi_events *events) {
    return events ? events->count : 0;
}

const epi_imagined_event *epi_events_get(const epi_events *events, size_t index) {
    return events && index < events->count ? &events->items[index] : NULL;
}

size_t epi_events_vetoed(const epi_events *events) {
    return events ? events->vetoed : 0;
}

const char *epi_events_text(const epi_events *events) {
    return events ? events->text : "";
}

const char *epi_events_json(const epi_events *events) {
    return events ? events->json : "{}";
}
