"""The models of the dbt project."""
