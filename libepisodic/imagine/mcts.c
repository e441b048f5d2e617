/* mcts.c - Monte Carlo tree search: the tree grows where it looks best so far, and somewhat where it was seldom looked.
 *
 * Each round goes down from a start, at each node to the child whose value, plus a bonus for having been visited
 * seldom, is the greatest; a leaf that is met the first time is scored, the second time it gets children and one of
 * them is scored. The score is what stands for a playout: the mean of what followed in memory on steps around the
 * place, or what is left of the way to the goal (scores.c). Luck is in that mean; what is left to the tree are choices,
 * so the value of a node is that of its best child. Scores have no range that is known: the bonus is in units of what
 * one decision changes, the geometric mean so far of the difference between a node's score and its parent's. A node
 * with nothing left below it is done and not visited again, so that a small tree is looked through and ends the search.
 *
 * Without a goal the rollouts are those that the visits lead to, most visited first; to a goal, the best that reach it.
 *
 * Source: UCT of Kocsis and Szepesvari, "Bandit based Monte-Carlo planning" (2006), with the backup of MaxUCT (Keller
 * and Helmert, "Trial-based heuristic tree search for finite horizon MDPs", 2013). The unit of the bonus and playouts
 * by memory are ours.
 */
#include <math.h>
#include <stdlib.h>

#include "search.h"

#define MODULE "imagine"
#define BONUS 1.0       /* weight of having been visited seldom */
#define CELL_EXPANSIONS 4u /* to a goal, of places in one cell */
#define PIECE_STEPS 64u    /* followed at once, as far as a cell reaches */

/* What is known of a node. Its children lie side by side. */
typedef struct branch {
    uint32_t first, count;
    uint32_t visits;
    bool done;
    double score; /* its own */
    double value; /* of the best below, where there is any */
} branch;

typedef struct tree {
    epi__search *search;
    epi__scores scores;
    branch *branches; /* one a node */
    size_t capacity;
    uint32_t visits;
    epi__map cells; /* hash of a cell -> expansions */
    double logs; /* of differences between a node's score and its parent's */
    uint32_t differences;
    epi__random random;
} tree;

static epi_status reserve(tree *t) {
    size_t more = t->search->capacity;
    if (more <= t->capacity) return EPI_OK;
    branch *branches = epi__realloc(t->branches, more, sizeof *branches);
    if (!branches) return epi__fail_memory(MODULE, more * sizeof *branches);
    memset(branches + t->capacity, 0, (more - t->capacity) * sizeof *branches);
    t->branches = branches;
    t->capacity = more;
    return EPI_OK;
}

/* The child to visit; EPI__NO_NODE: all are done. Of those never visited any. */
static uint32_t choose(tree *t, uint32_t first, uint32_t count, uint32_t visits) {
    uint32_t best = EPI__NO_NODE, fresh = 0;
    double greatest = -INFINITY, unit = t->differences ? exp(t->logs / t->differences) : 1.0;
    for (uint32_t i = first; i < first + count; i++) {
        const branch *b = &t->branches[i];
        if (b->done) continue;
        if (b->visits == 0) {
            if (epi__random_below(&t->random, ++fresh) == 0) best = i;
        } else if (fresh == 0) {
            double bound = b->value + BONUS * unit * sqrt(2.0 * log((double)visits) / b->visits);
            if (bound > greatest) best = i, greatest = bound;
        }
    }
    return best;
}

static bool is_end(const tree *t, uint32_t node) {
    const epi__node *n = &t->search->nodes[node];
    return n->ended || n->steps >= t->search->options->steps_max || (n->at_goal && n->steps > 0);
}

static void set_value(tree *t, uint32_t node) {
    branch *b = &t->branches[node];
    if (b->count > 0) b->value = -INFINITY;
    for (uint32_t i = b->first; i < b->first + b->count; i++)
        if (t->branches[i].visits > 0) b->value = fmax(b->value, t->branches[i].value);
}

/* One more visit of a node and of all above it. */
static void tell_above(tree *t, uint32_t node) {
    for (; node != EPI__NO_NODE; node = t->search->nodes[node].parent) {
        t->branches[node].visits++;
        set_value(t, node);
    }
}

/* Scores a node, and tells all above it. */
static epi_status visit(tree *t, uint32_t node) {
    double score = 0.0;
    uint32_t parent = t->search->nodes[node].parent;
    EPI__TRY(epi__scores_of(&score, &t->scores, node));
    double difference = parent == EPI__NO_NODE ? 0.0 : fabs(score - t->branches[parent].score);
    if (difference > 0.0) {
        t->logs += log(difference);
        t->differences++;
    }
    t->branches[node].score = t->branches[node].value = score;
    t->branches[node].done = is_end(t, node);
    t->visits++;
    tell_above(t, node);
    return EPI_OK;
}

/* To a goal, who is first at a place is as good as who comes later, nearly: the tree is not of all ways. */
static epi_status enter_cell(bool *fresh, tree *t, uint32_t node) {
    uint64_t count = 0, cell = epi__search_cell(t->search, node, t->search->hop, 0.0);
    (void)epi__map_get(&t->cells, cell, &count);
    *fresh = count < CELL_EXPANSIONS || !t->search->goal.given;
    return epi__map_put(&t->cells, cell, count + 1) ? EPI_OK : epi__fail_memory(MODULE, sizeof count);
}

static epi_status expand(tree *t, uint32_t node) {
    bool fresh;
    EPI__TRY(enter_cell(&fresh, t, node));
    if (!fresh) return EPI_OK;
    uint32_t first = (uint32_t)t->search->count;
    EPI__TRY(epi__search_expand(t->search, node, PIECE_STEPS));
    EPI__TRY(reserve(t));
    t->branches[node].first = first;
    t->branches[node].count = (uint32_t)t->search->count - first;
    return EPI_OK;
}

/* Nothing is left below a node. One that leads nowhere is no way to a goal. */
static epi_status close(tree *t, uint32_t node) {
    branch *b = &t->branches[node];
    b->done = true;
    if (b->count == 0 && t->search->goal.given) b->value = -INFINITY;
    tell_above(t, node);
    return EPI_OK;
}

static epi_status grow(tree *t) {
    uint32_t node = choose(t, 0, (uint32_t)t->search->starts, t->visits + 1);
    while (node != EPI__NO_NODE) {
        branch *b = &t->branches[node];
        if (b->visits == 0) return visit(t, node);
        if (b->count == 0) EPI__TRY(expand(t, node));
        b = &t->branches[node];
        uint32_t child = choose(t, b->first, b->count, b->visits);
        if (child == EPI__NO_NODE) return close(t, node);
        node = child;
    }
    return EPI_OK;
}

static bool all_done(const tree *t) {
    for (size_t i = 0; i < t->search->starts; i++)
        if (!t->branches[i].done) return false;
    return true;
}

/* ---- what was found ---------------------------------------------------------------------------------------------- */

typedef struct ranked {
    double rank;
    uint32_t node;
} ranked;

static int by_rank(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->rank != y->rank) return x->rank > y->rank ? -1 : 1;
    return (x->node > y->node) - (x->node < y->node);
}

static bool is_wanted(const tree *t, uint32_t node) {
    const epi__search *s = t->search;
    if (t->branches[node].visits == 0 || node < s->starts) return false;
    return (!s->goal.given || s->nodes[node].at_goal) && epi__search_novelty(s, node) >= s->options->novelty_min;
}

static void take(tree *t, uint32_t node) {
    epi__search *s = t->search;
    if (s->found_count < s->options->k && is_wanted(t, node)) s->found[s->found_count++] = node;
}

static epi_status take_best_at_goal(tree *t) {
    size_t count = 0;
    ranked *all = epi__realloc(NULL, t->search->count + 1, sizeof *all);
    if (!all) return epi__fail_memory(MODULE, t->search->count * sizeof *all);
    for (uint32_t i = 0; i < t->search->count; i++)
        if (is_wanted(t, i)) all[count++] = (ranked){t->branches[i].score, i};
    qsort(all, count, sizeof *all, by_rank);
    for (size_t i = 0; i < count; i++) take(t, all[i].node);
    epi__free(all);
    return EPI_OK;
}

/* Leaves, those below the most visited nodes first. A stack, since trees are deep; the most visited lies on top. */
static epi_status take_most_visited(tree *t) {
    size_t depth = t->search->starts;
    ranked *stack = epi__realloc(NULL, t->search->count + 1, sizeof *stack);
    if (!stack) return epi__fail_memory(MODULE, t->search->count * sizeof *stack);
    for (uint32_t i = 0; i < depth; i++) stack[i] = (ranked){-(double)t->branches[i].visits, i};
    qsort(stack, depth, sizeof *stack, by_rank);
    while (depth > 0 && t->search->found_count < t->search->options->k) {
        const branch *b = &t->branches[stack[--depth].node];
        bool leaf = true;
        for (uint32_t i = b->first; i < b->first + b->count; i++) leaf = leaf && t->branches[i].visits == 0;
        if (leaf) {
            take(t, stack[depth].node);
            continue;
        }
        for (uint32_t i = 0; i < b->count; i++)
            stack[depth + i] = (ranked){-(double)t->branches[b->first + i].visits, b->first + i};
        qsort(stack + depth, b->count, sizeof *stack, by_rank);
        depth += b->count;
    }
    epi__free(stack);
    return EPI_OK;
}

epi_status epi__mcts(epi__search *search) {
    tree t = {.search = search, .random = epi__random_seed(search->options->seed)};
    bool goal = search->goal.given;
    epi_status status = epi__scores_init(&t.scores, search);
    search->hop = t.scores.cell;
    search->reason = goal ? EPI_STOP_UNREACHABLE : EPI_STOP_STEPS;
    if (!status) status = reserve(&t);
    while (!status && !all_done(&t) && !epi__search_spent(search)) status = grow(&t);
    if (!status) status = goal ? take_best_at_goal(&t) : take_most_visited(&t);
    if (goal && search->found_count > 0) search->reason = EPI_STOP_GOAL;
    epi__scores_dispose(&t.scores);
    epi__map_dispose(&t.cells);
    epi__free(t.branches);
    return status;
}
