"""Tests: per service, of the contract, of whole fairs, of faults."""
