"""Lets the tests in the folders here import what is made up beside this file."""
