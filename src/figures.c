/* figures.c - the metrics that reports list, in their order. */
#include <string.h>

#include "crossval.h"

#define FIGURE(name, title) {#name, title, offsetof(hn_metrics, name)}
const figure_info figures[N_FIGURES] = {
    FIGURE(accuracy, "accuracy"), FIGURE(balanced_accuracy, "balanced accuracy"), FIGURE(sensitivity, "sensitivity"),
    FIGURE(specificity, "specificity"), FIGURE(ppv, "PPV"), FIGURE(npv, "NPV"), FIGURE(f1, "F1"), FIGURE(mcc, "MCC"),
    FIGURE(threat_score, NULL), FIGURE(roc_auc, "ROC AUC"), FIGURE(average_precision, "average precision"), FIGURE(brier, "Brier score"),
    FIGURE(log_loss, "log loss"), FIGURE(exact_match, NULL), FIGURE(macro_precision, NULL), FIGURE(macro_recall, NULL), FIGURE(macro_f1, NULL),
    FIGURE(weighted_precision, NULL), FIGURE(weighted_recall, NULL), FIGURE(weighted_f1, NULL)};

double figure_of(const hn_metrics *m, int figure) {
    double value;
    memcpy(&value, (const char *)m + figures[figure].offset, sizeof value);
    return value;
}
