/* lattice.c - see lattice.h. */
#include "lattice.h"

#include <math.h>
#include <stdlib.h>

#define MODULE "imagine"

/* Chosen on worlds of seeds below 100. */
#define SMOOTH 20.0          /* agreements put on both sides of a share */
#define INDEPENDENT 0.95     /* what a bundle's share with a role outside it is taken for until there is evidence */
#define SIGNIFICANT 3.0      /* standard deviations of agreement beyond chance that another constraint must have ... */
#define SIGNIFICANT_PAIR 1.5 /* ... and one of two roles, of which there are few */
#define SHAPE 4.0            /* of the law of counts: some combinations are rarer than others */

static unsigned size_of(uint32_t mask) {
    unsigned count = 0;
    for (; mask; mask &= mask - 1) count++;
    return count;
}

/* ---- agreement -------------------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Pairs of events that agree in all roles of the mask; absent values agree with none. */
static double count_agreement(const epi__lattice *l, uint32_t mask, uint64_t *room) {
    size_t count = 0, from = l->row_count > EPI__LATTICE_ROWS_MAX ? l->row_count - EPI__LATTICE_ROWS_MAX : 0;
    double pairs = 0.0;
    for (size_t row = from; row < l->row_count; row++) {
        const uint32_t *values = l->values + row * l->frame.role_count;
        uint64_t hash = 1;
        bool whole = true;
        for (size_t i = 0; i < l->frame.role_count; i++) {
            if (!(mask >> i & 1)) continue;
            whole = whole && values[i];
            hash = epi__hash64_pair(&hash, sizeof hash, &values[i], sizeof values[i]);
        }
        if (whole) room[count++] = hash;
    }
    if (count) qsort(room, count, sizeof *room, by_number);
    for (size_t i = 0, run = 0; i < count; i++) {
        run = i > 0 && room[i] == room[i - 1] ? run + 1 : 0;
        pairs += (double)run;
    }
    return pairs;
}

static double agreement(epi__lattice *l, uint32_t mask, uint64_t *room) {
    if (l->agree[mask] < 0.0) l->agree[mask] = count_agreement(l, mask, room);
    return l->agree[mask];
}

/* d(S), by the split that constrains least. Agreement that chance may explain is no constraint, except that a bundle is
 * never quite trusted outside the contexts that it was seen in. */
static void find_share(epi__lattice *l, uint32_t set, uint64_t *room) {
    double seen = agreement(l, set, room);
    l->share[set] = -1.0;
    for (unsigned r = 0; r < l->frame.role_count; r++) {
        for (unsigned c = 0; c < l->frame.role_count; c++) {
            uint32_t both = 1u << r | 1u << c;
            if (r == c || (set & both) != both) continue;
            if (l->outside[set] && l->outside[set] != 1u << c) continue;
            double rest = agreement(l, set & ~both, room);
            double expected = agreement(l, set & ~(1u << c), room) * agreement(l, set & ~(1u << r), room);
            expected = rest > 0.0 ? expected / rest : seen;
            double share = fmin(1.0, (expected + SMOOTH) / (seen + SMOOTH));
            double needed = size_of(set) == 2 ? SIGNIFICANT_PAIR : SIGNIFICANT;
            if (l->outside[set])
                share = fmin(INDEPENDENT, (expected + SMOOTH * INDEPENDENT) / (seen + SMOOTH));
            else if (seen - expected < needed * sqrt(seen + 1.0))
                share = 1.0;
            if (share <= l->share[set]) continue;
            l->share[set] = share;
            l->split[set][0] = (uint8_t)r;
            l->split[set][1] = (uint8_t)c;
        }
    }
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

/* Pairs, triples, and each bundle with each role outside it. */
static void choose_sets(epi__lattice *l) {
    const epi__frame *f = &l->frame;
    for (size_t b = 0; b < f->bundle_count; b++)
        for (size_t role = 0; role < f->role_count; role++)
            if (f->bundle_of[role] != b && size_of(f->bundles[b]) > 1)
                l->outside[f->bundles[b] | 1u << role] = 1u << role;
    for (uint32_t set = 1; set < 1u << f->role_count; set++)
        if (size_of(set) == 2 || size_of(set) == 3 || l->outside[set]) l->sets[l->set_count++] = set;
}

/* Each bundle is joined to an earlier one across the pair of roles that constrain each other most. */
static void choose_links(epi__lattice *l) {
    const epi__frame *f = &l->frame;
    for (size_t b = 1; b < f->bundle_count; b++) {
        double best = 2.0;
        for (size_t to = 0; to < f->role_count; to++)
            for (size_t from = 0; from < f->role_count; from++) {
                uint32_t pair = 1u << from | 1u << to;
                if (f->bundle_of[to] != b || f->bundle_of[from] >= b || l->share[pair] >= best) continue;
                best = l->share[pair];
                l->link[b][0] = from;
                l->link[b][1] = to;
            }
    }
}

static bool has_all_bundles(const epi__lattice *l, const uint32_t *values) {
    uint32_t present = 0;
    for (size_t i = 0; i < l->frame.role_count; i++) present |= values[i] ? 1u << i : 0u;
    for (size_t b = 0; b < l->frame.bundle_count; b++)
        if (!(present & l->frame.bundles[b])) return false;
    return true;
}

static void read_rows(epi__lattice *l) {
    for (size_t row = 0; row < l->stories->row_count; row++) {
        uint32_t *values = l->values + l->row_count * l->frame.role_count;
        for (size_t i = 0; i < l->frame.role_count; i++)
            values[i] = epi__stories_value(l->stories, row, l->frame.roles[i]);
        if (has_all_bundles(l, values)) l->rows[l->row_count++] = (uint32_t)row;
    }
}

static void lattice_free(void *value) {
    for (epi__lattice *l = value, *next; l; l = next) {
        next = l->next;
        epi__free(l->values);
        epi__free(l->rows);
        epi__free(l);
    }
}

static epi_status make(epi__lattice **made, const epi__stories *stories, const epi__frame *frame) {
    epi__lattice *l = epi__alloc_zero(1, sizeof *l);
    if (!l) return epi__fail_memory(MODULE, sizeof *l);
    size_t rows = stories->row_count + 1;
    l->frame = *frame;
    l->stories = stories;
    l->values = epi__realloc(NULL, rows, frame->role_count * sizeof *l->values);
    l->rows = epi__realloc(NULL, rows, sizeof *l->rows);
    uint64_t *room = epi__realloc(NULL, rows, sizeof *room);
    bool whole = l->values && l->rows && room;
    if (whole) {
        read_rows(l);
        for (size_t i = 0; i < EPI__MASKS; i++) l->agree[i] = -1.0;
        choose_sets(l);
        for (size_t i = 0; i < l->set_count; i++) find_share(l, l->sets[i], room);
        choose_links(l);
        *made = l;
    }
    epi__free(room);
    if (!whole) lattice_free(l);
    return whole ? EPI_OK : epi__fail_memory(MODULE, rows * sizeof *room);
}

epi_status epi__lattice_of(const epi__lattice **lattice, epi__stories *stories, const epi__frame *frame) {
    epi_status status = EPI_OK;
    pthread_mutex_lock(&stories->mutex);
    epi__lattice *found = stories->derived[EPI__DERIVED_LATTICE];
    while (found && memcmp(&found->frame, frame, sizeof *frame) != 0) found = found->next;
    if (!found) {
        status = make(&found, stories, frame);
        if (!status) {
            found->next = stories->derived[EPI__DERIVED_LATTICE];
            stories->derived[EPI__DERIVED_LATTICE] = found;
            stories->derived_free[EPI__DERIVED_LATTICE] = lattice_free;
        }
    }
    pthread_mutex_unlock(&stories->mutex);
    *lattice = found;
    return status;
}

/* ---- one combination --------------------------------------------------------------------------------------------- */

void epi__lattice_count(epi__counts *counts, const epi__lattice *lattice, const uint32_t *values) {
    const size_t roles = lattice->frame.role_count;
    memset(counts, 0, sizeof *counts);
    for (size_t row = 0; row < lattice->row_count; row++) {
        const uint32_t *own = lattice->values + row * roles;
        uint32_t mask = 0;
        for (size_t i = 0; i < roles; i++) mask |= (uint32_t)(own[i] == values[i] && own[i] != 0) << i;
        counts->with[mask]++;
    }
    for (uint32_t mask = 0; mask < 1u << roles; mask++)
        if (counts->with[mask]) counts->nearest = EPI__MAX(counts->nearest, (size_t)size_of(mask));
    for (size_t role = 0; role < roles; role++) /* from exactly these roles to at least these */
        for (uint32_t mask = 0; mask < 1u << roles; mask++)
            if (!(mask >> role & 1)) counts->with[mask] += counts->with[mask | 1u << role];
}

/* How many values the outside role has in events that have the whole bundle. */
static size_t contexts_of(const epi__lattice *l, uint32_t bundle, size_t outside, const uint32_t *values) {
    uint32_t seen[8]; /* beyond these nothing changes any more */
    size_t count = 0;
    const size_t roles = l->frame.role_count;
    for (size_t row = 0; row < l->row_count && count < EPI__COUNT(seen); row++) {
        const uint32_t *own = l->values + row * roles;
        bool alike = true;
        for (size_t i = 0; i < roles && alike; i++) alike = !(bundle >> i & 1) || own[i] == values[i];
        for (size_t i = 0; i < count && alike; i++) alike = seen[i] != own[outside];
        if (alike) seen[count++] = own[outside];
    }
    return count;
}

/* A bundle depends on the outside role or it does not, each bundle for itself: a share `depends` of them does, and then
 * holds in another context with chance `chance`, so that d(S) = 1 - depends + depends x chance. The more contexts it
 * was seen in already, the surer it is that it does not. */
static double shared_by(const epi__lattice *l, uint32_t set, const uint32_t *values) {
    unsigned r = l->split[set][0], c = l->split[set][1];
    double all = (double)EPI__MIN(l->row_count, (size_t)EPI__LATTICE_ROWS_MAX);
    double given = l->agree[set & ~(1u << r)], same = l->agree[set], any = l->agree[1u << r];
    double chance = all > 1.0 ? any / (0.5 * all * (all - 1.0)) * (given + SMOOTH) / (same + SMOOTH) : 0.0;
    chance = fmin(chance, 0.99 * l->share[set]);
    double depends = (1.0 - l->share[set]) / (1.0 - chance);
    size_t contexts = contexts_of(l, set & ~(1u << c), c, values);
    if (contexts == 0) return l->share[set];
    double before = depends * pow(chance, (double)contexts - 1.0);
    return (1.0 - depends + before * chance) / (1.0 - depends + before);
}

/* The chance that a set of values is possible, when all smaller sets are: by Bayes from never having been seen, where
 * it would have been `expected` times if all combinations were possible, and so more often if only a share of them is
 * (counts by a negative binomial law). */
static double possible(const epi__lattice *l, uint32_t set, const epi__counts *counts, const uint32_t *values) {
    double share = l->share[set];
    if (counts->with[set] || share >= 1.0) return 1.0;
    uint32_t r = 1u << l->split[set][0], c = 1u << l->split[set][1];
    size_t rest = counts->with[set & ~(r | c)];
    double expected = rest ? (double)counts->with[set & ~c] * (double)counts->with[set & ~r] / (double)rest : 0.0;
    double unseen = pow(1.0 + expected / share / SHAPE, -SHAPE);
    if (l->outside[set]) share = shared_by(l, set, values);
    return share * unseen / (share * unseen + 1.0 - share);
}

double epi__lattice_plausibility(double *least, const epi__lattice *lattice, const epi__counts *counts,
                                 const uint32_t *values) {
    double product = 1.0;
    uint32_t known = 0;
    for (size_t i = 0; i < lattice->frame.role_count; i++) known |= values[i] ? 1u << i : 0u;
    *least = 1.0;
    for (size_t i = 0; i < lattice->set_count; i++) {
        uint32_t set = lattice->sets[i];
        if ((set & known) != set) continue;
        double one = possible(lattice, set, counts, values);
        *least = fmin(*least, one);
        product *= one;
    }
    return product;
}

size_t epi__lattice_support(const epi__lattice *lattice, const epi__counts *counts, const uint32_t *values) {
    size_t support = SIZE_MAX;
    uint32_t known = 0;
    for (size_t i = 0; i < lattice->frame.role_count; i++) known |= values[i] ? 1u << i : 0u;
    for (size_t b = 0; b < lattice->frame.bundle_count; b++)
        support = EPI__MIN(support, counts->with[lattice->frame.bundles[b] & known]);
    return support;
}
