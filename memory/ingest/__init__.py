"""From a video file to rows: probing, decoding, cuts, text, and the stages that store what they find."""
