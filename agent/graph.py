"""The graph of a run: which step follows which. Read it first; the steps are in `nodes`."""

from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from rewatch.agent import nodes
from rewatch.agent.context import RunContext
from rewatch.agent.state import Ask, Reply, State


def build_graph(checkpointer: BaseCheckpointSaver[str]) -> CompiledStateGraph[State, RunContext, Ask, Reply]:
    """Compile the graph.

        question -> ground -> plan -> act -> reflect -> compose_answer -> verify -> conclude
                               ^_______________|              ^_____________|

    Args:
        checkpointer: Keeps the state after each step, so that a killed run resumes.
    """
    graph: StateGraph[State, RunContext, Ask, Reply] = StateGraph(
        State, RunContext, input_schema=Ask, output_schema=Reply
    )
    graph.add_node("ground", nodes.ground_question)
    graph.add_node("plan", nodes.plan)
    graph.add_node("act", nodes.act)
    graph.add_node("reflect", nodes.reflect)
    graph.add_node("compose_answer", nodes.compose_answer)
    graph.add_node("verify", nodes.verify)
    graph.add_node("conclude", nodes.conclude)
    graph.add_edge(START, "ground")
    graph.add_edge("ground", "plan")
    graph.add_edge("act", "reflect")
    graph.add_edge("compose_answer", "verify")
    graph.add_edge("conclude", END)
    compiled: Any = graph.compile(checkpointer=checkpointer)
    return compiled  # type: ignore[no-any-return]
