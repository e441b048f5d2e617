/* stopwords.c - English function words: they hold sentences together and say little about what a text is about.
 *
 * Words are folded and split as the analyzer does it, so what an apostrophe leaves behind is here too: "s", "t", "ll",
 * "ve", "don", "isn". "may" is not here (the month), nor "won" (past of win). Question words are marked: they tell what
 * kind of answer is wanted.
 * Invariant: strcmp order, no word twice.
 */
#include "parts.h"

#include <stdlib.h>

/* clang-format off */
const epi__stopword epi__stopwords[] = {
    {"a", false}, {"about", false}, {"above", false}, {"after", false}, {"again", false}, {"against", false},
    {"ain", false}, {"all", false}, {"also", false}, {"am", false}, {"an", false}, {"and", false}, {"any", false},
    {"are", false}, {"aren", false}, {"as", false}, {"at", false}, {"be", false}, {"because", false},
    {"been", false}, {"before", false}, {"being", false}, {"below", false}, {"between", false}, {"both", false},
    {"but", false}, {"by", false}, {"can", false}, {"cannot", false}, {"could", false}, {"couldn", false},
    {"d", false}, {"did", false}, {"didn", false}, {"do", false}, {"does", false}, {"doesn", false},
    {"doing", false}, {"don", false}, {"done", false}, {"down", false}, {"during", false}, {"each", false},
    {"either", false}, {"else", false}, {"even", false}, {"ever", false}, {"few", false}, {"for", false},
    {"from", false}, {"further", false}, {"get", false}, {"gets", false}, {"getting", false}, {"got", false},
    {"had", false}, {"hadn", false}, {"has", false}, {"hasn", false}, {"have", false}, {"haven", false},
    {"having", false}, {"he", false}, {"her", false}, {"here", false}, {"hers", false}, {"herself", false},
    {"him", false}, {"himself", false}, {"his", false}, {"how", true}, {"i", false}, {"if", false}, {"in", false},
    {"into", false}, {"is", false}, {"isn", false}, {"it", false}, {"its", false}, {"itself", false},
    {"just", false}, {"let", false}, {"ll", false}, {"m", false}, {"many", false}, {"me", false}, {"might", false},
    {"mightn", false}, {"more", false}, {"most", false}, {"much", false}, {"must", false}, {"mustn", false},
    {"my", false}, {"myself", false}, {"needn", false}, {"neither", false}, {"no", false}, {"nor", false},
    {"not", false}, {"now", false}, {"of", false}, {"off", false}, {"on", false}, {"once", false}, {"only", false},
    {"onto", false}, {"or", false}, {"other", false}, {"our", false}, {"ours", false}, {"ourselves", false},
    {"out", false}, {"over", false}, {"own", false}, {"quite", false}, {"rather", false}, {"re", false},
    {"really", false}, {"s", false}, {"same", false}, {"shall", false}, {"shan", false}, {"she", false},
    {"should", false}, {"shouldn", false}, {"since", false}, {"so", false}, {"some", false}, {"still", false},
    {"such", false}, {"t", false}, {"than", false}, {"that", false}, {"the", false}, {"their", false},
    {"theirs", false}, {"them", false}, {"themselves", false}, {"then", false}, {"there", false}, {"these", false},
    {"they", false}, {"this", false}, {"those", false}, {"though", false}, {"through", false}, {"to", false},
    {"too", false}, {"under", false}, {"until", false}, {"unto", false}, {"up", false}, {"upon", false},
    {"us", false}, {"ve", false}, {"very", false}, {"was", false}, {"wasn", false}, {"we", false}, {"were", false},
    {"weren", false}, {"what", true}, {"when", true}, {"where", true}, {"whether", false}, {"which", true},
    {"while", false}, {"who", true}, {"whom", true}, {"whose", true}, {"why", true}, {"will", false},
    {"with", false}, {"within", false}, {"without", false}, {"would", false}, {"wouldn", false}, {"yet", false},
    {"you", false}, {"your", false}, {"yours", false}, {"yourself", false}, {"yourselves", false},
};
/* clang-format on */

const size_t epi__stopword_count = EPI__COUNT(epi__stopwords);

static int compare(const void *key, const void *element) {
    const epi__view *word = key;
    const epi__stopword *stopword = element;
    int order = strncmp(word->data, stopword->word, word->size);
    return order != 0 ? order : -(stopword->word[word->size] != '\0');
}

const epi__stopword *epi__stopword_find(const char *word, size_t size) {
    epi__view key = {word, size};
    return bsearch(&key, epi__stopwords, epi__stopword_count, sizeof(epi__stopwords[0]), compare);
}
