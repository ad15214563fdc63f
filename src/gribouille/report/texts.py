"""The words of a report on models, in English and French."""

from dataclasses import dataclass

from gribouille.documents.words import THIN, Language
from gribouille.labels import french

TEXTS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Report on models",
        "other language": "en français",
        "summary": "{models} on {n} of {of} drawings of the {split} split, the same for each. Intervals: 95 %.",
        "model": "model",
        "models": "models",
        "contents": "Contents",
        "in short": "In short",
        "in short note": "A model chooses the best among all the words that it knows. Top-1, top-3: share of "
        "drawings whose right word is first, or among the first three; MAP@3: 1, ½ or ⅓ by its place. Mean of "
        "words: each word counts alike. NLL: mean negative log-likelihood (nats). Calibration error: what "
        "confidence and accuracy differ by (15 bins); over few drawings it comes out too large (biased upwards), so "
        "that no interval is given.",
        "temperature fitted": "With temperature: after dividing the logits by a temperature, each model's own, fitted "
        "to {n} drawings of the validation split.",
        "no temperature": "With temperature: none was fitted, for want of validation drawings that are not judged "
        "here; it is 1 for each model, and both figures are the same.",
        "natural mix": "Natural mix",
        "recognized": "Recognized",
        "all rows": "All rows",
        "natural mix note": "drawings of which the game's verdict is known, right or wrong",
        "recognized note": "drawings that the game recognised: easier",
        "all rows note": "also those whose verdict is not known, most of them recognised: what the parts below "
        "are about unless they say otherwise",
        "no drawings": "None of these drawings.",
        "measure": "measure",
        "top1": "accuracy (top-1)",
        "top3": "top-3",
        "map3": "MAP@3",
        "classes_top1": "accuracy, mean of words",
        "classes_map3": "MAP@3, mean of words",
        "nll": "NLL",
        "nll_tempered": "NLL, with temperature",
        "error": "calibration error",
        "error_tempered": "calibration error, with temperature",
        "training": "How they learned",
        "no training": "No curves: none of these models is a training run's folder (a model file has no log).",
        "some training": "Without a log, so without a curve: {names}.",
        "training caption": "After each epoch, by drawings seen.",
        "validation apart": "The runs were validated on drawings of the validation split, this report is on those of "
        "another.",
        "validation same": "The runs were validated on drawings of the same split as this report’s: their epoch was "
        "chosen by drawings that may be among these.",
        "loss": "loss",
        "drawings seen": "drawings seen",
        "validation": "validation",
        "drawing": "While drawing",
        "drawing caption": "How often the guess is right when only a part of the ink is drawn; the band is the "
        "95 % interval of accuracy.",
        "stays caption": "Share of drawings whose right word is the best guess from this much ink on, until the end.",
        "stays half": "{name}: half of all drawings are recognised for good from {ink} of their ink on; {never} "
        "never are.",
        "stays never half": "{name}: fewer than half of all drawings are recognised for good; {never} never are.",
        "ink": "ink drawn",
        "words": "Word by word",
        "words note": "Share of a word's drawings whose best guess is right, n of them; the line is Wilson's 95 "
        "% interval, by whose upper or lower end words are ordered.",
        "search": "Find a word",
        "sort": "Order",
        "sort worst": "surely bad first: {name}",
        "sort best": "surely good first: {name}",
        "sort word": "by alphabet",
        "show all": "Show all {n} words",
        "show fewer": "Show fewer",
        "matches": "{n} of {of} words",
        "confusion": "Confusions",
        "confusion note": "Rows: what was drawn; columns: what it was taken for. The order puts words together "
        "that are confused. Blue: right; orange: wrong; the stronger, the larger the share of the row.",
        "confusion help": "Drag to move; wheel (after a click), pinch, buttons, or + and − to zoom, 0 for the "
        "whole; arrow keys go from cell to cell.",
        "confusion label": "Confusion matrix of {name}, {n} words",
        "zoom in": "Zoom in",
        "zoom out": "Zoom out",
        "whole": "Show the whole",
        "go to": "Go to word",
        "cell": "{n} of {m} drawings of “{row}” were taken for “{column}”",
        "cell right": "{n} of {m} drawings of “{row}” were recognised",
        "cell other": "{n} of {m} drawings of “{row}” were taken for a word that this store lacks",
        "pairs": "The words confused most",
        "drawn": "drawn",
        "taken for": "taken for",
        "of drawings": "drawings",
        "calibration": "Calibration",
        "calibration caption": "On the dotted line a guess of 80 % is right 80 times in 100. Temperature "
        "{temperature}; calibration error {before} before, {after} after.",
        "before": "as it is",
        "after": "with temperature",
        "right": "right",
        "probability of the best guess": "probability of the best guess",
        "strokes": "Strokes and countries",
        "by strokes": "By number of strokes",
        "countries": "By country",
        "countries note": "Countries of the drawings where known (“?”: not known); greyed: fewer than {few} "
        "drawings, of which little can be said. Those with fewer than {least} are left out: {hidden}.",
        "extremes": "Worst and best",
        "worst": "Worst",
        "best": "Best",
        "extremes note": "By the ends of Wilson's intervals, so that a word of few drawings is not the worst or "
        "best by luck. Some random drawings of each; orange: taken for the word below.",
        "mistakes": "Wrong predictions",
        "confident": "The surest mistakes",
        "random": "Some others, at random",
        "agreed": "All models against the label",
        "agreed note": "All models take these drawings for the same other word: the label may be wrong, or the "
        "drawing.",
        "agreed one": "With a single model, mistakes that all models make cannot be told.",
        "agreed none": "There is no drawing that all models take for the same other word.",
        "saw": "what {name} saw",
        "no picture": "{name} takes no picture of its own.",
        "place": "“{word}”: {p}, place {place}",
        "asked for": "asked for",
        "key": "drawing {key}",
        "comparison": "Side by side",
        "comparison note": "Each pair on the very same drawings. Difference: the second less the first, in "
        "points, with the bootstrap's 95 % interval. p: McNemar's exact test, how likely two equally good models "
        "would differ so much.",
        "one model": "With a single model there is nothing to compare.",
        "pair": "first → second",
        "only first": "only the first is right",
        "only second": "only the second is right",
        "p": "p",
        "together": "Errors in common",
        "together note": "Correlation of errors (φ): 1: they are wrong on the same drawings; 0: as if by chance. "
        "The less, the more a mean of both gains.",
        "left out": "left out",
        "without note": "The mean of the probabilities of all, and of all but one.",
        "nobody": "none: the mean of all",
        "greedy": "Which to take first: each step adds the model that raises the MAP@3 of the mean most, as long "
        "as one does. What each costs is left out; gribouille.ensemble.correlation chooses within a time budget.",
        "taken": "added",
        "about": "About this report",
        "store": "Store",
        "split": "Split",
        "seed": "Seed of the choice of drawings shown",
        "commit": "Commit",
        "knows": "{path}: {words} words; picture {picture}",
        "points": "points, or those of its members",
        "labels note": "Models may know other words than the store: each chooses among all of its own, and a "
        "guess outside the store’s words is simply wrong.",
        "by command": "Made by",
    },
    "fr": {
        "title": "Rapport sur des modèles",
        "other language": "in English",
        "summary": "{models} sur {n} des {of} dessins de la partie « {split} », les mêmes pour chacun. "
        "Intervalles : à 95 %.",
        "model": "modèle",
        "models": "modèles",
        "contents": "Sommaire",
        "in short": "En bref",
        "in short note": "Un modèle choisit le meilleur parmi tous les mots qu’il connaît. Précision, top-3 : "
        "part des dessins dont le bon mot est premier, ou parmi les trois premiers ; PMM@3 : 1, ½ ou ⅓ selon son "
        "rang. Moyenne des mots : chaque mot compte autant. NLL : log-vraisemblance négative moyenne (nats). "
        "Erreur de calibration : ce qui sépare confiance et précision (15 classes) ; sur peu de dessins, elle est "
        "surestimée (biais vers le haut), donc donnée sans intervalle.",
        "temperature fitted": "Avec température : après division des logits par une température, propre à chaque "
        "modèle, ajustée sur {n} dessins de la partie « validation ».",
        "no temperature": "Avec température : aucune n’a été ajustée, faute de dessins de validation qui ne soient "
        "pas jugés ici ; elle vaut 1 pour chaque modèle, et les deux chiffres sont les mêmes.",
        "natural mix": "Mélange naturel",
        "recognized": "Reconnus",
        "all rows": "Toutes les lignes",
        "natural mix note": "dessins dont le verdict du jeu est connu, juste ou faux",
        "recognized note": "dessins que le jeu a reconnus : plus faciles",
        "all rows note": "aussi ceux dont le verdict n’est pas connu, reconnus pour la plupart : ce dont parlent "
        "les parties suivantes, sauf mention contraire",
        "no drawings": "Aucun dessin de cette sorte.",
        "measure": "mesure",
        "top1": "précision (top-1)",
        "top3": "top-3",
        "map3": "PMM@3",
        "classes_top1": "précision, moyenne des mots",
        "classes_map3": "PMM@3, moyenne des mots",
        "nll": "NLL",
        "nll_tempered": "NLL, avec température",
        "error": "erreur de calibration",
        "error_tempered": "erreur de calibration, avec température",
        "training": "Comment ils ont appris",
        "no training": "Pas de courbes : aucun de ces modèles n’est le dossier d’un entraînement (un fichier de "
        "modèle n’a pas de journal).",
        "some training": "Sans journal, donc sans courbe : {names}.",
        "training caption": "Après chaque époque, selon les dessins vus.",
        "validation apart": "Les entraînements ont été validés sur des dessins de la partie « validation », ce "
        "rapport porte sur une autre.",
        "validation same": "Les entraînements ont été validés sur des dessins de la même partie que ceux de ce "
        "rapport : leur époque a été choisie d’après des dessins qui peuvent en être.",
        "loss": "perte",
        "drawings seen": "dessins vus",
        "validation": "validation",
        "drawing": "Pendant le dessin",
        "drawing caption": "Combien de fois la réponse est juste quand seule une partie de l’encre est tracée ; "
        "la bande est l’intervalle à 95 % de la précision.",
        "stays caption": "Part des dessins dont le bon mot est la meilleure réponse à partir de cette quantité "
        "d’encre, jusqu’à la fin.",
        "stays half": "{name} : la moitié des dessins est reconnue pour de bon à partir de {ink} de leur encre ; "
        "{never} ne le sont jamais.",
        "stays never half": "{name} : moins de la moitié des dessins est reconnue pour de bon ; {never} ne le "
        "sont jamais.",
        "ink": "encre tracée",
        "words": "Mot par mot",
        "words note": "Part des n dessins d’un mot dont la meilleure réponse est juste ; le trait est "
        "l’intervalle de Wilson à 95 %, dont le bout supérieur ou inférieur donne l’ordre des mots.",
        "search": "Chercher un mot",
        "sort": "Ordre",
        "sort worst": "sûrement mauvais d’abord : {name}",
        "sort best": "sûrement bons d’abord : {name}",
        "sort word": "alphabétique",
        "show all": "Montrer les {n} mots",
        "show fewer": "En montrer moins",
        "matches": "{n} mots sur {of}",
        "confusion": "Confusions",
        "confusion note": "Lignes : ce qui fut dessiné ; colonnes : ce pour quoi on l’a pris. L’ordre rapproche "
        "les mots que l’on confond. Bleu : juste ; orange : faux ; d’autant plus fort que la part de la ligne "
        "est grande.",
        "confusion help": "Glisser pour déplacer ; molette (après un clic), pincement, boutons, ou + et − pour "
        "agrandir, 0 pour tout voir ; les flèches vont de case en case.",
        "confusion label": "Matrice de confusion de {name}, {n} mots",
        "zoom in": "Agrandir",
        "zoom out": "Réduire",
        "whole": "Tout voir",
        "go to": "Aller au mot",
        "cell": "{n} des {m} dessins de « {row} » ont été pris pour « {column} »",
        "cell right": "{n} des {m} dessins de « {row} » ont été reconnus",
        "cell other": "{n} des {m} dessins de « {row} » ont été pris pour un mot que cette base n’a pas",
        "pairs": "Les mots les plus confondus",
        "drawn": "dessiné",
        "taken for": "pris pour",
        "of drawings": "dessins",
        "calibration": "Calibration",
        "calibration caption": "Sur la ligne pointillée, une réponse à 80 % est juste 80 fois sur 100. "
        "Température {temperature} ; erreur de calibration {before} avant, {after} après.",
        "before": "tel quel",
        "after": "avec température",
        "right": "juste",
        "probability of the best guess": "probabilité de la meilleure réponse",
        "strokes": "Traits et pays",
        "by strokes": "Selon le nombre de traits",
        "countries": "Selon le pays",
        "countries note": "Pays des dessins où il est connu (« ? » : inconnu) ; en gris : moins de {few} "
        "dessins, dont on peut dire peu de chose. Ceux qui en ont moins de {least} sont omis : {hidden}.",
        "extremes": "Pires et meilleurs",
        "worst": "Les moins bons",
        "best": "Les meilleurs",
        "extremes note": "D’après les bouts des intervalles de Wilson, pour qu’un mot de peu de dessins ne soit "
        "pas premier ou dernier par hasard. Quelques dessins de chacun, au hasard ; orange : pris pour le mot "
        "indiqué dessous.",
        "mistakes": "Images mal prédites",
        "confident": "Les erreurs les plus sûres d’elles",
        "random": "Quelques autres, au hasard",
        "agreed": "Tous les modèles contre l’étiquette",
        "agreed note": "Tous les modèles prennent ces dessins pour le même autre mot : l’étiquette est peut-être "
        "fausse, ou le dessin.",
        "agreed one": "Avec un seul modèle, on ne peut dire quelles erreurs tous les modèles font.",
        "agreed none": "Aucun dessin n’est pris par tous les modèles pour le même autre mot.",
        "saw": "ce que {name} a vu",
        "no picture": "{name} ne prend pas d’image propre.",
        "place": "« {word} » : {p}, rang {place}",
        "asked for": "demandé",
        "key": "dessin {key}",
        "comparison": "Côte à côte",
        "comparison note": "Chaque paire sur les mêmes dessins. Différence : le second moins le premier, en "
        "points, avec l’intervalle à 95 % du bootstrap. p : test exact de McNemar, la probabilité que deux "
        "modèles aussi bons diffèrent autant.",
        "one model": "Avec un seul modèle, il n’y a rien à comparer.",
        "pair": "premier → second",
        "only first": "seul le premier a raison",
        "only second": "seul le second a raison",
        "p": "p",
        "together": "Erreurs communes",
        "together note": "Corrélation des erreurs (φ) : 1 : ils se trompent sur les mêmes dessins ; 0 : comme "
        "par hasard. Plus elle est faible, plus la moyenne des deux gagne.",
        "left out": "omis",
        "without note": "La moyenne des probabilités de tous, et de tous sauf un.",
        "nobody": "aucun : la moyenne de tous",
        "greedy": "Lesquels prendre d’abord : chaque pas ajoute le modèle qui élève le plus la PMM@3 de la "
        "moyenne, tant qu’il y en a un. Ce que chacun coûte n’y compte pas ; gribouille.ensemble.correlation "
        "choisit pour un temps limité.",
        "taken": "ajouté",
        "about": "À propos de ce rapport",
        "store": "Base de dessins",
        "split": "Partie",
        "seed": "Graine du choix des dessins montrés",
        "commit": "Commit",
        "knows": "{path} : {words} mots ; image {picture}",
        "points": "des points, ou celles de ses membres",
        "labels note": "Les modèles peuvent connaître d’autres mots que la base : chacun choisit parmi tous les "
        "siens, et une réponse hors des mots de la base est simplement fausse.",
        "by command": "Fait par",
    },
}


@dataclass(frozen=True)
class Words:
    """The texts of a language, and the words of drawings in it."""

    language: Language

    def __getitem__(self, name: str) -> str:
        text = TEXTS[self.language][name]
        if self.language == "en":
            return text
        for mark in ":;?»":
            text = text.replace(f" {mark}", f"{THIN}{mark}")
        return text.replace("« ", f"«{THIN}")

    def word(self, label: str) -> str:
        """A label of the store as people of the language say it."""
        return label if self.language == "en" else french([label])[0]
