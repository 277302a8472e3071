"""Why a project has its rank, from the topics or an exported file alone.

`reading` folds the record with the services' own rules, `commands` is the command.
"""
