/* tries.c - see tries.h. */
#include "tries.h"

#include <math.h>

#define MODULE "imagine"

struct epi__learned {
    struct epi__learned *next;
    epi__aim aim;
    epi__kernel kernel;
};

struct maker {
    epi__tries *tries;
    epi__analyzer *analyzer;
    epi__buffer folded;
};

static int text_role(const epi_schema *schema, const char *name) {
    for (size_t i = 0; i < schema->role_count; i++) {
        const epi_role *role = &schema->roles[i];
        if (strcmp(role->name, name) == 0) return role->type == EPI_TEXT || role->type == EPI_JSON ? (int)i : -1;
    }
    return -1;
}

static int number_role(const epi_schema *schema, const char *name) {
    for (size_t i = 0; i < schema->role_count; i++) {
        const epi_role *role = &schema->roles[i];
        if (strcmp(role->name, name) == 0 && role->type == EPI_TENSOR && role->rank == 0)
            return role->dtype == EPI_F64 || role->dtype == EPI_F32 ? (int)i : -1;
    }
    return -1;
}

static epi__roles roles_of(const epi_schema *schema) {
    epi__roles roles = {text_role(schema, "task"),   text_role(schema, "situation"), text_role(schema, "tool"),
                        text_role(schema, "arguments"), text_role(schema, "result"), text_role(schema, "error"),
                        number_role(schema, "cost")};
    return roles;
}

/* ---- tools ------------------------------------------------------------------------------------------------------ */

static epi_status fold(uint64_t *hash, epi__buffer *folded, const char *name, size_t size) {
    EPI__TRY(epi__utf8_fold(folded, name, size));
    *hash = epi__hash64(folded->data, folded->size);
    return EPI_OK;
}

epi_status epi__tries_tool(uint32_t *tool, const epi__tries *tries, const char *name) {
    epi__buffer folded = {0};
    uint64_t hash = 0, at = EPI__NO_TOOL;
    epi_status status = fold(&hash, &folded, name, strlen(name));
    (void)epi__map_get(&tries->tool_at, hash, &at);
    epi__buffer_dispose(&folded);
    *tool = (uint32_t)at;
    return status;
}

/* There is room for as many tools as there are rows. */
static epi_status tool_of(uint32_t *tool, struct maker *maker, const epi__story_value *value) {
    epi__tries *t = maker->tries;
    uint64_t hash = 0, at = 0;
    size_t size = epi__utf8_valid(value->data, value->size);
    EPI__TRY(fold(&hash, &maker->folded, value->data, size));
    if (!epi__map_get(&t->tool_at, hash, &at)) {
        at = t->tool_count++;
        t->tools[at].name = value->data;
        if (!epi__map_put(&t->tool_at, hash, at)) return epi__fail_memory(MODULE, sizeof hash);
    }
    *tool = (uint32_t)at;
    t->tools[at].count++;
    return EPI_OK;
}

/* Now that they are counted. */
static epi_status list_tries(epi__tries *t) {
    for (size_t i = 0; i < t->tool_count; i++) {
        t->tools[i].tries = epi__arena_alloc(&t->arena, t->tools[i].count + 1, sizeof(uint32_t));
        if (!t->tools[i].tries) return epi__fail_memory(MODULE, t->tools[i].count * sizeof(uint32_t));
        t->tools[i].count = 0;
    }
    for (size_t i = 0; i < t->count; i++) {
        if (t->items[i].tool == EPI__NO_TOOL) continue;
        epi__tool *tool = &t->tools[t->items[i].tool];
        tool->tries[tool->count++] = (uint32_t)i;
    }
    return EPI_OK;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

const epi__feature *epi__try_feature(const epi__try *item, size_t attribute) {
    static const epi__feature absent;
    return attribute < item->feature_count ? &item->features[attribute] : &absent;
}

static epi_status read_role(epi__feature *features, struct maker *maker, size_t row, int role, const char *prefix) {
    epi__tries *t = maker->tries;
    uint32_t number = epi__stories_value(t->stories, row, role);
    const epi__story_value *value = &t->stories->words[number];
    if (number == 0) return EPI_OK;
    return epi__features_read(features, &t->attributes, &t->arena, maker->analyzer, prefix, value->data,
                              epi__utf8_valid(value->data, value->size));
}

static epi_status read_features(epi__try *item, struct maker *maker, size_t row) {
    epi__feature features[EPI__ATTRIBUTES_MAX];
    epi__tries *t = maker->tries;
    memset(features, 0, sizeof features);
    EPI__TRY(read_role(features, maker, row, t->roles.situation, "situation"));
    EPI__TRY(read_role(features, maker, row, t->roles.task, "task"));
    EPI__TRY(read_role(features, maker, row, t->roles.arguments, "arguments"));
    item->feature_count = t->attributes.count;
    item->features = epi__arena_copy(&t->arena, features, EPI__MAX(item->feature_count, (size_t)1) * sizeof *features);
    return item->features ? EPI_OK : epi__fail_memory(MODULE, sizeof features);
}

static void read_cost(epi__try *item, const epi__story_value *value) {
    float single;
    if (value->size == sizeof item->cost) memcpy(&item->cost, value->data, sizeof item->cost);
    if (value->size == sizeof single) {
        memcpy(&single, value->data, sizeof single);
        item->cost = (double)single;
    }
    item->has_cost = value->size > 0;
}

static epi_status read_try(struct maker *maker, size_t row) {
    epi__tries *t = maker->tries;
    const epi__stories *s = t->stories;
    epi__try *item = &t->items[row];
    uint32_t tool = epi__stories_value(s, row, t->roles.tool);
    *item = (epi__try){.row = (uint32_t)row, .tool = EPI__NO_TOOL, .follows = epi__stories_leads_on(s, row)};
    item->has_error = epi__stories_value(s, row, t->roles.error) != 0;
    read_cost(item, &s->words[epi__stories_value(s, row, t->roles.cost)]);
    if (tool) EPI__TRY(tool_of(&item->tool, maker, &s->words[tool]));
    return read_features(item, maker, row);
}

/* ---- effects ---------------------------------------------------------------------------------------------------- */

static bool changed(const epi__tries *t, size_t attribute, const epi__feature *before, const epi__feature *after) {
    if (strncmp(t->attributes.names[attribute], "situation", 9) != 0) return false;
    if (before->kind == EPI__FEATURE_NUMBER && after->kind == EPI__FEATURE_NUMBER) return false;
    return epi__feature_distance(&t->attributes, attribute, before, after) > 0;
}

static uint64_t value_hash(const epi__feature *feature) {
    if (feature->kind == EPI__FEATURE_WORDS)
        return epi__hash64(feature->words, (size_t)feature->category * sizeof *feature->words);
    return epi__hash64(&feature->category, sizeof feature->category);
}

/* Numbers that went up or down are no effect: no two tries would have the same. */
static void find_effect(epi__tries *t, size_t at) {
    epi__try *item = &t->items[at];
    const epi__try *after = &t->items[at + 1];
    if (!item->follows || item->tool == EPI__NO_TOOL) return;
    item->effect = EPI__EFFECT_NONE;
    for (size_t a = 0; a < t->attributes.count; a++) {
        const epi__feature *to = epi__try_feature(after, a);
        if (!changed(t, a, epi__try_feature(item, a), to)) continue;
        uint64_t change[] = {item->effect, a, (uint64_t)to->kind, value_hash(to)};
        item->effect = epi__hash64(change, sizeof change) | 2u;
    }
}

/* ---- made once for each stories --------------------------------------------------------------------------------- */

static void tries_free(void *value) {
    epi__tries *t = value;
    if (!t) return;
    while (t->learned) {
        struct epi__learned *next = t->learned->next;
        epi__free(t->learned);
        t->learned = next;
    }
    epi__attributes_dispose(&t->attributes);
    epi__map_dispose(&t->tool_at);
    epi__arena_dispose(&t->arena);
    epi__free(t->items);
    epi__free(t->tools);
    epi__free(t);
}

/* Twice the standard deviation of an attribute's numbers (Welford 1962). */
static double spread_of(const epi__tries *t, size_t attribute) {
    double mean = 0.0, squares = 0.0, n = 0.0;
    for (size_t i = 0; i < t->count; i++) {
        const epi__feature *feature = epi__try_feature(&t->items[i], attribute);
        if (feature->kind != EPI__FEATURE_NUMBER) continue;
        n += 1.0;
        double delta = feature->number - mean;
        mean += delta / n;
        squares += delta * (feature->number - mean);
    }
    return n > 1.0 ? 2.0 * sqrt(squares / n) : 0.0;
}

/* Nothing is learned of attributes from here on. */
static epi_status finish(epi__tries *t) {
    for (size_t a = 0; a < t->attributes.count; a++) t->attributes.spread[a] = spread_of(t, a);
    t->attributes.closed = true;
    for (size_t i = 0; i < t->count; i++) find_effect(t, i);
    return list_tries(t);
}

static epi_status make(epi__tries **made, epi__stories *stories, epi__analyzer *analyzer) {
    epi__tries *t = epi__alloc_zero(1, sizeof *t);
    if (!t) return epi__fail_memory(MODULE, sizeof *t);
    struct maker maker = {t, analyzer, {0}};
    t->stories = stories;
    t->roles = roles_of(stories->schema);
    t->count = stories->row_count;
    t->items = epi__alloc_zero(t->count + 1, sizeof *t->items);
    t->tools = epi__alloc_zero(t->count + 1, sizeof *t->tools);
    epi_status status = t->items && t->tools ? EPI_OK : epi__fail_memory(MODULE, t->count * sizeof *t->items);
    for (size_t row = 0; !status && row < t->count; row++) status = read_try(&maker, row);
    if (!status) status = finish(t);
    epi__buffer_dispose(&maker.folded);
    if (status)
        tries_free(t);
    else
        *made = t;
    return status;
}

epi_status epi__tries_of(epi__tries **tries, epi__stories *stories, epi_space *space) {
    epi__scratch *scratch = NULL;
    epi__roles roles = roles_of(stories->schema);
    *tries = NULL;
    if (roles.tool < 0 || roles.situation < 0)
        return epi__fail(EPI_EUNSUPPORTED, MODULE, "space \"%s\" has no roles \"tool\" and \"situation\" of text",
                         epi_space_name(space));
    EPI__TRY(epi__scratch_take(&scratch, space->mirror));
    pthread_mutex_lock(&stories->mutex);
    epi_status status = EPI_OK;
    if (!stories->derived[EPI__DERIVED_TRIES]) {
        status = make(tries, stories, scratch->analyzer);
        stories->derived[EPI__DERIVED_TRIES] = *tries;
        stories->derived_free[EPI__DERIVED_TRIES] = tries_free;
    }
    *tries = stories->derived[EPI__DERIVED_TRIES];
    pthread_mutex_unlock(&stories->mutex);
    epi__scratch_give(scratch, space->mirror);
    return status;
}

/* ---- what matters ----------------------------------------------------------------------------------------------- */

bool epi__try_succeeded(const epi__tries *tries, const epi__try *item, double above) {
    const epi__stories *s = tries->stories;
    const epi__story_episode *episode = &s->episodes[s->rows[item->row].episode];
    return !item->has_error && (!episode->has_reward || episode->reward > above);
}

bool epi__aim_knows(const epi__aim *aim, const epi__try *item) {
    return aim->effect == 0 || item->effect != 0;
}

bool epi__aim_reached(const epi__tries *tries, const epi__aim *aim, const epi__try *item) {
    return aim->effect ? item->effect == aim->effect : epi__try_succeeded(tries, item, aim->above);
}

/* Evenly spread tries of the tool that say something; returns how many. */
static size_t sample(const epi__try **cases, const epi__tries *t, const epi__aim *aim) {
    const epi__tool *tool = &t->tools[aim->tool];
    size_t count = 0, stride = (tool->count + EPI__KERNEL_CASES_MAX - 1) / EPI__KERNEL_CASES_MAX;
    for (size_t i = tool->count; i > 0; i -= EPI__MIN(i, EPI__MAX(stride, (size_t)1))) {
        const epi__try *item = &t->items[tool->tries[i - 1]];
        if (count < EPI__KERNEL_CASES_MAX && epi__aim_knows(aim, item)) cases[count++] = item;
    }
    return count;
}

/* The share of all tries that succeeded: what a tool's own rate is drawn towards. */
static double rate_of_all(const epi__tries *t, double above) {
    double tried = 0.0, succeeded = 0.0;
    for (size_t i = 0; i < t->count; i++) {
        if (t->items[i].tool == EPI__NO_TOOL) continue;
        tried += 1.0;
        succeeded += epi__try_succeeded(t, &t->items[i], above) ? 1.0 : 0.0;
    }
    return (succeeded + 1.0) / (tried + 2.0);
}

static epi_status learn(epi__kernel *kernel, const epi__tries *t, const epi__aim *aim) {
    const epi__try *cases[EPI__KERNEL_CASES_MAX];
    bool labels[EPI__KERNEL_CASES_MAX];
    size_t n = sample(cases, t, aim), attributes = t->attributes.count;
    uint8_t *distances = epi__realloc(NULL, attributes * n * n + 1, 1);
    if (!distances) return epi__fail_memory(MODULE, attributes * n * n);
    for (size_t a = 0; a < attributes; a++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++)
                distances[(a * n + i) * n + j] = distances[(a * n + j) * n + i] = epi__feature_distance(
                    &t->attributes, a, epi__try_feature(cases[i], a), epi__try_feature(cases[j], a));
    for (size_t i = 0; i < n; i++) labels[i] = epi__aim_reached(t, aim, cases[i]);
    double base = aim->effect ? 0.0 : rate_of_all(t, aim->above);
    epi_status status = epi__kernel_fit(kernel, distances, attributes, n, labels, base);
    epi__free(distances);
    return status;
}

static bool same_aim(const epi__aim *a, const epi__aim *b) {
    return a->tool == b->tool && a->effect == b->effect && (a->effect || a->above == b->above);
}

epi_status epi__tries_kernel(const epi__kernel **kernel, epi__tries *tries, const epi__aim *aim) {
    pthread_mutex_t *mutex = &tries->stories->mutex;
    epi_status status = EPI_OK;
    pthread_mutex_lock(mutex);
    struct epi__learned *found = tries->learned;
    while (found && !same_aim(&found->aim, aim)) found = found->next;
    if (!found) {
        found = epi__alloc_zero(1, sizeof *found);
        status = found ? learn(&found->kernel, tries, aim) : epi__fail_memory(MODULE, sizeof *found);
        if (status) {
            epi__free(found);
            found = NULL;
        } else {
            found->aim = *aim;
            found->next = tries->learned;
            tries->learned = found;
        }
    }
    pthread_mutex_unlock(mutex);
    *kernel = found ? &found->kernel : NULL;
    return status;
}
