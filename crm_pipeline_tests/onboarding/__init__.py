"""Tests of onboarding: what files are taken for, and what is said before a run."""
