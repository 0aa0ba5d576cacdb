"""Metrics against cases worked out by hand, and against the defects of the published scripts."""

import math

import numpy as np
import pytest

from rewatch.evals.metrics.chain import ChainItem, Located, box_iou, v_star
from rewatch.evals.metrics.choice import PRINTED, accuracy, next_qa, parse_choice
from rewatch.evals.metrics.grounded import Grounded, cg_bench, clue_recovery, iop, next_gqa
from rewatch.evals.metrics.highlights import Saliency, average_precision, highlights
from rewatch.evals.metrics.keyframes import Form, mean_temporal_prf, temporal_prf
from rewatch.evals.metrics.moments import charades_sta, ego4d_nlq, mean_iou, qv_moments, recall_at
from rewatch.evals.metrics.precision import average_precision as moment_ap
from rewatch.evals.metrics.readers import (
    caption_matches,
    read_longvideobench,
    read_lvbench,
    read_mlvu,
    read_tempcompass,
    read_timescope,
    read_video_mme,
    read_vnbench,
    read_yes_no,
)
from rewatch.evals.metrics.spans import iou, merged, set_iou
from rewatch.evals.metrics.ssim import mean_visual_prf, ssim
from rewatch.evals.metrics.statistics import bootstrap, mcnemar, paired_difference
from rewatch.evals.metrics.tries import Try, all_tries

OPTIONS = {"A": "a red car", "B": "a blue car", "C": "no car", "D": "two cars"}


@pytest.mark.parametrize(
    ("truth", "predicted", "form", "expected"),
    [
        ([10, 20], [12, 100, 300], "prf", (1 / 3, 0.5, 0.4)),
        ([10, 20], [12, 100, 300], "covered", (1 / 3, 0.5, 0.4)),
        ([10], [10, 10.5, 11, 400], "prf", (0.75, 1, 6 / 7)),
        ([10], [10, 10.5, 11, 400], "covered", (0.25, 1, 0.4)),
        ([10, 11, 12], [11], "prf", (1, 1, 1)),
        ([10, 11, 12], [11], "covered", (3, 1, 1.5)),
        ([10], [15], "prf", (1, 1, 1)),
        ([10], [15.001], "prf", (0, 0, 0)),
        ([10], [15.001], "covered", (0, 0, 0)),
    ],
)
def test_temporal_scores_of_one_sample(
    truth: list[float], predicted: list[float], form: Form, expected: tuple[float, float, float]
) -> None:
    score = temporal_prf(truth, predicted, form=form)
    assert score is not None
    assert (score.precision, score.recall, score.f1) == pytest.approx(expected)


def test_both_conventions_about_empty_samples_say_how_many_were_skipped() -> None:
    samples = [([10.0], [10.0, 400.0]), ([], [3.0]), ([7.0], [])]
    skipped = mean_temporal_prf(samples, empty="skip")
    assert (skipped.precision, skipped.recall) == (0.5, 1.0)
    assert (skipped.num_scored, skipped.num_skipped) == (1, 2)
    zero = mean_temporal_prf(samples, empty="zero")
    assert (zero.precision, zero.recall, zero.f1) == pytest.approx((1 / 6, 1 / 3, 2 / 9))
    assert (zero.num_scored, zero.num_skipped, zero.num_predictions) == (3, 2, 1.0)


def test_f1_over_samples_is_the_mean_of_their_f1_and_not_that_of_the_means() -> None:
    mean = mean_temporal_prf([([10.0], [10.0]), ([10.0], [100.0])])
    assert mean.f1 == 0.5
    uneven = mean_temporal_prf([([10.0], [10.0, 100.0]), ([10.0, 200.0], [10.0])])
    assert uneven.f1 == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert 2 * uneven.precision * uneven.recall / (uneven.precision + uneven.recall) == pytest.approx(0.75)


def _picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def test_ssim_of_flat_images_is_what_the_formula_says_inside_and_at_the_border() -> None:
    """Zero padding lowers the local mean near a border; in the middle only the luminance term is left."""
    dark, light = np.full((41, 41, 3), 51, np.uint8), np.full((41, 41, 3), 102, np.uint8)
    weights = np.exp(-(np.arange(-5, 6) ** 2) / 4.5)
    weights /= weights.sum()
    inside = np.convolve(np.ones(41), weights, "same")
    mass = np.outer(inside, inside)
    a, b = 0.2 * mass, 0.4 * mass
    va, vb, cov = 0.04 * mass - a * a, 0.16 * mass - b * b, 0.08 * mass - a * b
    expected = ((2 * a * b + 1e-4) * (2 * cov + 9e-4)) / ((a * a + b * b + 1e-4) * (va + vb + 9e-4))
    assert ssim(dark, light) == pytest.approx(expected.mean(), abs=1e-12)
    assert expected[20, 20] == pytest.approx((2 * 0.08 + 1e-4) / (0.2 + 1e-4))


def test_official_ssim_slides_its_window_over_columns_and_colours() -> None:
    dark, light = np.full((4, 41, 3), 51, np.uint8), np.full((4, 41, 3), 102, np.uint8)
    weights = np.exp(-(np.arange(-5, 6) ** 2) / 4.5)
    weights /= weights.sum()
    colours = np.array([weights[5 - at : 8 - at].sum() for at in range(3)])
    mass = np.outer(np.convolve(np.ones(41), weights, "same"), colours)
    a, b = 0.2 * mass, 0.4 * mass
    va, vb, cov = 0.04 * mass - a * a, 0.16 * mass - b * b, 0.08 * mass - a * b
    expected = ((2 * a * b + 1e-4) * (2 * cov + 9e-4)) / ((a * a + b * b + 1e-4) * (va + vb + 9e-4))
    assert ssim(dark, light, convention="official") == pytest.approx(expected.mean(), abs=1e-12)


def test_ssim_is_one_for_the_same_picture_symmetric_and_low_for_noise() -> None:
    assert ssim(_picture(1), _picture(1)) == pytest.approx(1)
    assert ssim(_picture(1), _picture(2)) == pytest.approx(ssim(_picture(2), _picture(1)))
    assert ssim(_picture(1), _picture(2)) < 0.3
    with pytest.raises(ValueError, match="values"):
        ssim(_picture(1), _picture(1)[:10])


def test_visual_f1_is_the_harmonic_mean_of_the_two_means() -> None:
    a, b = _picture(1), _picture(2)
    apart = ssim(a, b)
    score = mean_visual_prf([([a], [a, b]), ([a, b], [a])])
    assert score.precision == pytest.approx(((1 + apart) / 2 + 1) / 2)
    assert score.recall == pytest.approx((1 + (1 + apart) / 2) / 2)
    assert score.f1 == pytest.approx(score.precision)
    assert mean_visual_prf([([a], []), ([a], [a])]).precision == pytest.approx(0.5)
    assert mean_visual_prf([([a], []), ([a], [a])], empty="skip").precision == pytest.approx(1)


@pytest.mark.parametrize(
    ("reply", "chosen"),
    [
        ("B", "B"),
        (" (b) ", "B"),
        ("B.", "B"),
        ("B. a blue car", "B"),
        ("B) it is blue", "B"),
        ("The answer is C.", "C"),
        ("Answer: (D)", "D"),
        ("I would choose option A, since it is red.", "A"),
        ("no car", "C"),
        ("A Blue Car.", "B"),
        ("", None),
        ("I cannot tell.", None),
        ("E", None),
        ("A man walks by", None),
        ("A. a blue car", None),
        ("the answer is A, or option C", None),
        ("B. But the answer is C", None),
        ("The answer is a mystery", None),
        ("All of them", None),
    ],
)
def test_the_strict_reader_takes_one_option_or_none(reply: str, chosen: str | None) -> None:
    assert parse_choice(reply, OPTIONS) == chosen


def test_what_cannot_be_read_is_wrong_and_counted() -> None:
    score = accuracy([("A", "A"), (None, "A"), ("B", "A"), ("C", "C")])
    assert (score.accuracy, score.num_samples, score.num_unparseable) == (0.5, 4, 1)


def test_published_readers_keep_their_defects() -> None:
    assert read_lvbench("(C) because") == "C"
    assert read_lvbench("Dogs run") == "D"
    assert read_vnbench("All of them: B") == "A"
    assert read_vnbench("none. B") == "none"
    assert read_video_mme("Based on the video, C") == "B"
    assert read_video_mme("The answer is D") == read_video_mme("The best option is D") == "D"
    assert (read_video_mme("Best answer: C"), read_timescope("Best answer: C")) == ("B", "C")
    assert (read_video_mme("none"), read_video_mme("E"), read_timescope("F")) == ("", "", "F")
    assert (read_longvideobench("E."), read_longvideobench("F")) == ("E", "")
    assert read_mlvu("B) red") == read_mlvu("B") == "B"
    assert read_mlvu("(B) red") == "(B"
    assert (read_tempcompass("A) up"), read_tempcompass("B</s>")) == ("A", "B")
    assert read_tempcompass("The answer is A") is None
    assert (read_yes_no("Yes, it does"), read_yes_no("Nothing"), read_yes_no("maybe")) == ("yes", "no", None)


CAPTIONS = "Which fits?\nCaption A: a man runs.\nCaption B: it is 3: 0 now."


@pytest.mark.parametrize(
    ("script", "right", "total", "printed"),
    [
        ("mlvu", 1, 3, "33.33333333333333"),
        ("hourvideo", 1, 800, "0.12"),
        ("longvideobench", 1, 320, "0.313"),
        ("tempcompass", 2, 3, "66.7"),
        ("video-mme", 1, 16, "6.2"),
    ],
)
def test_the_last_digit_is_that_of_the_script(script: str, right: int, total: int, printed: str) -> None:
    """A third is 33.333333333333336 where 100 is multiplied first; 1 of 320 is a hair more than .003125, so .00313."""
    assert str(PRINTED[script](right, total)) == printed


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("Caption A: a man runs.", True),
        ("Caption A.</s>", True),
        ("a man runs.", True),
        ("x) a man runs.", True),
        ("Caption B", False),
        ("A", False),
        ("Caption A fits, since he runs.", False),
    ],
)
def test_captions_are_matched_as_tempcompass_does(reply: str, right: bool) -> None:
    assert caption_matches(reply, CAPTIONS, "Caption A: a man runs.") == right
    assert not caption_matches("it is 3: 0 now.", CAPTIONS, "Caption B: it is 3: 0 now.")


def test_next_qa_joins_before_and_after_and_sums_up_by_first_letter() -> None:
    scores = next_qa([("TP", True), ("TN", False), ("TC", True), ("CW", False), ("CW", True), ("CW", True)])
    assert scores == {
        "Why": 66.67,
        "Bef&Aft": 50.0,
        "When": 100.0,
        "Acc_C": 66.67,
        "Acc_T": 66.67,
        "Acc": 66.67,
    }


def test_a_question_counts_with_four_right_tries() -> None:
    tries = [Try("q1", "count", True)] * 4
    tries += [Try("q2", "count", True)] * 3 + [Try("q2", "count", False)]
    tries += [Try("q3", "order", True)] * 4 + [Try("q4", "order", None)] * 4
    assert all_tries(tries) == {"count": 0.5, "order": 0.5, "overall": 0.5}
    assert all_tries(tries, convention="official") == {"count": 0.5, "order": 1.0, "overall": 0.75}


def test_overlap_of_spans() -> None:
    assert iou((0, 10), (5, 15)) == pytest.approx(1 / 3)
    assert iou((0, 10), (20, 30)) == iou((3, 3), (3, 3)) == 0
    assert merged([(5, 8), (0, 2), (7, 9), (2, 3)]) == [(0, 3), (5, 9)]
    assert set_iou([(0, 10), (5, 20)], [(15, 25)]) == pytest.approx(5 / 25)


def test_recall_counts_the_threshold_itself_unless_official() -> None:
    samples = [([(0.0, 10.0)], [(0.0, 5.0), (0.0, 10.0)]), ([(0.0, 10.0)], [])]
    assert recall_at(samples, threshold=0.5) == 0.5
    assert recall_at(samples, threshold=0.5, convention="official") == 0.0
    assert recall_at(samples, rank=5, threshold=0.7) == 0.5
    assert mean_iou(samples) == 0.25


def test_charades_counts_the_threshold_itself_and_a_missing_span() -> None:
    samples = [([(0.0, 10.0)], [(0.0, 5.0)]), ([(0.0, 10.0)], []), ([(0.0, 10.0)], [(20.0, 30.0)])]
    expected = {"R1@0.3": 100 / 3, "R1@0.5": 100 / 3, "R1@0.7": 0.0, "mIoU": 50 / 3}
    assert charades_sta(samples) == pytest.approx(expected)
    assert charades_sta(samples, convention="official") == pytest.approx(expected)
    assert charades_sta([]) == {"R1@0.3": 0.0, "R1@0.5": 0.0, "R1@0.7": 0.0, "mIoU": 0.0}


def test_average_precision_of_moments() -> None:
    """Hit, miss, hit over two true spans: precision 1 at recall .5, 2/3 at 1."""
    truth = [(0.0, 10.0), (50.0, 60.0)]
    predicted = [(0.0, 10.0, 0.9), (20.0, 30.0, 0.8), (50.0, 60.0, 0.7)]
    assert moment_ap(truth, predicted, (0.5, 0.95)) == pytest.approx([0.5 + 0.5 * 2 / 3] * 2)
    doubled = [(0.0, 10.0, 0.9), (0.0, 10.0, 0.8)]
    assert moment_ap([(0.0, 10.0)], doubled, (0.5,)) == [1.0]
    assert moment_ap(truth, doubled, (0.5,)) == [0.5]


def test_moments_by_range_count_only_spans_of_that_length() -> None:
    truth = {1: [(0, 10), (20, 50)], 2: [(0, 40)]}
    predicted = {1: [(0, 10, 0.9), (20, 50, 0.5)], 2: [(0, 30, 1.0)]}
    scores = qv_moments(truth, predicted, convention="official")
    assert scores["short"]["MR-mAP"]["average"] == 100.0
    assert scores["short"]["MR-R1"]["0.5"] == 100.0
    assert scores["middle"]["MR-R1"]["0.5"] == 0.0
    assert scores["middle"]["MR-mAP"]["0.5"] == 50.0
    assert scores["full"]["MR-R1"]["0.75"] == 100.0
    assert scores["full"]["MR-R1"]["0.8"] == 50.0
    assert scores["full"]["MR-mAP"]["average"] == 80.0


def test_corrected_moments_rank_by_score_and_count_missing_queries() -> None:
    truth = {1: [(0, 10)], 2: [(0, 10)]}
    predicted = {1: [(50, 60, 0.1), (0, 10, 0.9)], 2: [(0, 10, 1.0)]}
    assert qv_moments(truth, predicted, convention="official")["full"]["MR-R1"]["0.5"] == 50.0
    assert qv_moments(truth, predicted)["full"]["MR-R1"]["0.5"] == 100.0
    missing = {1: [(0, 10, 1.0)]}
    assert qv_moments(truth, missing)["full"]["MR-mAP"]["average"] == 50.0
    with pytest.raises(ValueError, match="query 2 has no prediction"):
        qv_moments(truth, missing, convention="official")


def test_a_span_without_length_claims_its_like_in_the_official_convention_only() -> None:
    """Nothing over nothing is no number, which is below no threshold; R1 divides by the hull and gives 0."""
    truth, predicted = {1: [(5.0, 5.0)]}, {1: [(5.0, 5.0, 1.0)]}
    official = qv_moments(truth, predicted, convention="official")["full"]
    assert (official["MR-mAP"]["average"], official["MR-R1"]["0.5"]) == (100.0, 0.0)
    assert qv_moments(truth, predicted)["full"]["MR-mAP"]["average"] == 0.0


def test_equal_overlaps_and_claimed_spans_leave_the_next_best_to_a_later_prediction() -> None:
    """Both predictions overlap both true spans by a half: each claims one, so both are right."""
    truth = {1: [(0.0, 10.0), (10.0, 20.0)]}
    predicted = {1: [(0.0, 20.0, 0.9), (0.0, 20.0, 0.8), (40.0, 50.0, 0.7)]}
    assert qv_moments(truth, predicted)["full"]["MR-mAP"]["0.5"] == 100.0
    assert qv_moments(truth, predicted)["full"]["MR-mAP"]["0.55"] == 0.0


def test_language_queries_of_ego4d() -> None:
    samples = [((0.0, 10.0), [(0.0, 5.0), (0.0, 10.0)]), ((0.0, 10.0), [])]
    official = ego4d_nlq(samples, convention="official")
    assert official == {"R1@0.3": 100.0, "R1@0.5": 0.0, "R5@0.3": 100.0, "R5@0.5": 100.0, "mIoU": 50.0}
    corrected = ego4d_nlq(samples)
    assert corrected == {"R1@0.3": 50.0, "R1@0.5": 50.0, "R5@0.3": 50.0, "R5@0.5": 50.0, "mIoU": 25.0}
    assert set(ego4d_nlq(samples, thresholds=(0.7,), ranks=(1,))) == {"R1@0.7", "mIoU"}


def test_average_precision_of_clips_ties_and_padding() -> None:
    positive = np.array([True, False, True, False])
    assert average_precision(positive, np.array([4.0, 3.0, 2.0, 1.0])) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(positive, np.array([1.0, 1.0, 1.0, 1.0])) == pytest.approx(0.5)
    assert average_precision(positive, np.array([1.0])) == pytest.approx((1 + 0.5) / 2)
    assert average_precision(np.zeros(3, bool), np.ones(3)) == 0.0
    assert average_precision(np.ones(3, bool), np.zeros(3)) == 1.0


def test_an_annotator_without_high_ratings_costs_only_in_the_official_convention() -> None:
    truth = {1: Saliency(8, (0, 2), ((4, 4, 2), (2, 4, 2)))}
    perfect = {1: [9.0, 0.0, 8.0, 0.0]}
    official = highlights(truth, perfect, convention="official")
    assert official["HL-min-Fair"] == {"HL-mAP": 100.0, "HL-Hit1": 100.0}
    assert official["HL-min-VeryGood"] == {"HL-mAP": 66.67, "HL-Hit1": 100.0}
    assert highlights(truth, perfect)["HL-min-VeryGood"] == {"HL-mAP": 100.0, "HL-Hit1": 100.0}
    assert highlights(truth, {1: [0, 0, 0, 0, 1]})["HL-min-Fair"]["HL-Hit1"] == 0.0
    with pytest.raises(ValueError, match="past the last of 4 clips"):
        Saliency(8, (4,), ((1, 1, 1),)).table()


def test_grounded_accuracy_wants_the_answer_and_the_place() -> None:
    items = [
        Grounded(((0, 10), (20, 30)), ((5, 10),), True),
        Grounded(((0, 10),), ((0, 40),), True),
        Grounded(((0, 10),), ((0, 10),), False),
        Grounded(((0, 10),), None, True),
    ]
    official = next_gqa(items, convention="official")
    assert official["Acc@GQA"] == 33.3
    assert official["mIoP"] == pytest.approx(75.0)
    assert official["mIoU"] == pytest.approx(58.3)
    corrected = next_gqa(items)
    assert corrected["Acc@GQA"] == 25.0
    assert corrected["mIoP"] == pytest.approx(56.25)
    assert (iop((0, 10), (5, 5)), iop((0, 10), (11, 11)), iop((0, 10), (20, 30))) == (1.0, 0.0, 0.0)


def test_clues_of_cg_bench() -> None:
    items = [
        Grounded(((0, 10), (20, 30)), ((0, 10), (20, 25)), True),
        Grounded(((0, 10),), ((0, 10),), False),
        Grounded(((0, 10),), None, True),
        Grounded(((0, 10),), ((8, 10),), None),
    ]
    corrected = cg_bench(items)
    assert corrected["long_acc"] == 0.5
    assert corrected["mIoU"] == pytest.approx((0.75 + 1 + 0 + 0.2) / 4)
    assert corrected["rec@IoU"] == pytest.approx((3 + 2 + 2 + 2 + 2) / 4 / 5)
    assert corrected["acc@IoU"] == pytest.approx(0.25)
    official = cg_bench(items, convention="official")
    assert official["long_acc"] == 0.6667
    assert official["mIoU"] == 0.65
    assert official["rec@IoU"] == round((1 + 4 * 0.6667) / 5, 4)
    assert official["acc@IoU"] == 0.5
    assert (clue_recovery(0.3, 0.6), clue_recovery(0.7, 0.6), clue_recovery(0.1, 0.0)) == (0.5, 1.0, 0.0)
    assert clue_recovery(1 / 3, 0.7, convention="official") == 0.4762


def test_chains_of_v_star() -> None:
    box = {"3": (0.0, 0.0, 10.0, 10.0)}
    right = Located((0.0, 10.0), {"3": (0.0, 0.0, 10.0, 5.0)})
    items = [
        ChainItem(3, (0.0, 20.0), box, (right, Located(None, {}))),
        ChainItem(None, (0.0, 20.0), box, (right, right)),
    ]
    corrected = v_star(items)
    assert (corrected["what"], corrected["when1"], corrected["where1"]) == (0.5, 0.5, 0.5)
    assert corrected["AM1"] == pytest.approx(0.5)
    assert corrected["LGM1"] == pytest.approx(math.log(2))
    assert corrected["when2"] == 0.25
    assert corrected["mAM"] == pytest.approx((0.5 + 1 / 3) / 2)
    assert (corrected["what+when1"], corrected["all1"], corrected["when+where1"]) == (0.5, 0.5, 1.0)
    official = v_star(items, convention="official")
    assert (official["when1"], official["when2"], official["LGM1"]) == (0.5, 0.0, 0.6931)
    assert official["when+where1"] == 0.5
    assert (official["R1@0.5-1"], official["R1@0.7-1"], official["AP@0.5-1"], official["AP@0.7-1"]) == (
        1,
        0,
        1,
        0,
    )
    assert box_iou((0, 0, 2, 2), (1, 1, 3, 3)) == pytest.approx(1 / 7)
    assert v_star([ChainItem(3, (0, 1), box, (Located((0, 1), box),) * 2)])["mLGM"] == math.inf


def test_the_best_of_several_boxes_counts_and_what_is_no_box_does_not() -> None:
    truth = {"3": (0.0, 0.0, 10.0, 10.0), "4": (0.0, 0.0, 10.0, 10.0), "5": (0.0, 0.0, 1.0, 1.0)}
    given = {"3": [(50.0, 50.0, 60.0, 60.0), (0.0, 0.0, 10.0, 10.0)], "4": (0.0, 0.0, 10.0)}
    chain = Located(None, given)
    scores = v_star([ChainItem(0, (0.0, 20.0), truth, (chain, chain))])
    assert scores["where1"] == pytest.approx(1 / 3)


def test_an_interval_holds_the_mean_and_is_wider_when_videos_are_drawn_whole() -> None:
    values = [1.0] * 50 + [0.0] * 50
    single = bootstrap(values)
    assert single.value == 0.5
    assert single.low < 0.5 < single.high
    grouped = bootstrap(values, [index // 10 for index in range(100)])
    assert grouped.high - grouped.low > 2 * (single.high - single.low)
    assert bootstrap(values, seed=3) == bootstrap(values, seed=3)
    assert math.isnan(bootstrap([]).value)
    assert (bootstrap([0.0, 1.0], ["v", "v"]).value, bootstrap([0.0, 1.0], ["v", "v"]).ends()) == (
        0.5,
        "none",
    )
    assert bootstrap([1.0, 1.0]).ends(".1f") == "1.0 to 1.0"


def test_paired_tests_tell_a_difference_from_none() -> None:
    first = [0.0, 1.0] * 50
    better = [1.0, 1.0] * 50
    difference = paired_difference(first, better)
    assert difference.value == 0.5
    assert difference.low > 0
    assert difference.p_value < 0.01
    assert paired_difference(first, first).p_value == 1.0
    assert mcnemar(0, 5) == pytest.approx(2 / 32)
    assert mcnemar(3, 3) == 1.0
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_difference([1.0], [1.0, 2.0])


def test_tracks_lose_points_for_a_changed_identity() -> None:
    pytest.importorskip("trackeval", reason="an extra of its own")
    from rewatch.evals.metrics.tracking import track_scores

    left, right = (0.0, 0.0, 1.0, 1.0), (2.0, 0.0, 3.0, 1.0)
    truth = [[("a", left), ("b", right)]] * 4
    perfect = track_scores(truth, truth)
    assert (perfect["HOTA"], perfect["MOTA"], perfect["IDF1"], perfect["IDSW"]) == pytest.approx((1, 1, 1, 0))
    switched = track_scores(truth, [*[[(1, left), (2, right)]] * 2, *[[(1, left), (3, right)]] * 2])
    assert (switched["IDSW"], switched["MOTA"], switched["IDF1"]) == pytest.approx((1, 7 / 8, 6 / 8))
    with pytest.raises(ValueError, match="cannot be compared"):
        track_scores(truth, [])
